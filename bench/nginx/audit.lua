-- One JSON line for each request, with the hash of the line before. The line of a write is in the file
-- before the end of its answer leaves, as with the gateway; lines of reads are written together, at the
-- latest after 50 ms. The file is written by the worker itself, where the gateway has a thread for it.
local cjson = require 'cjson'
local digest = require 'digest'

local M = {}

local most_held = 32
local held, held_count = {}, 0
local seq, head = 0, ('0'):rep(64)
local file

local function flush()
  if held_count == 0 then return end
  assert(file:write(table.concat(held, '', 1, held_count)))
  held_count = 0
end

function M.open(path)
  file = assert(io.open(path, 'a'))
  file:setvbuf('no')
  assert(ngx.timer.every(0.05, flush))
end

local second, second_text

local function time_text(seconds)
  local whole = math.floor(seconds)
  if whole ~= second then second, second_text = whole, os.date('!%Y-%m-%dT%H:%M:%S', whole) end
  return string.format('%s.%03dZ', second_text, (seconds - whole) * 1000)
end

-- A member of the line, or nothing where there is no value.
local function text_member(name, value)
  return value and (',"' .. name .. '":' .. cjson.encode(value)) or ''
end

local function number_member(name, value)
  return value and (',"' .. name .. '":' .. value) or ''
end

local function seconds_as_ms(text)
  local seconds = tonumber(text)
  return seconds and seconds * 1000
end

-- Writes the record of the request that is answered.
function M.record()
  local facts = ngx.ctx
  if facts.is_recorded then return end
  facts.is_recorded = true
  local var = ngx.var
  local begun = ngx.req.start_time()
  seq = seq + 1
  local covered = '{"v":1,"time":"' .. time_text(begun)
    .. '","requestId":"' .. (facts.request_id or '') .. '","traceId":"' .. (facts.trace_id or '') .. '"'
    .. text_member('integration', facts.verified)
    .. text_member('claimed', facts.claimed)
    .. ',"clientIp":"' .. var.remote_addr .. '","method":' .. cjson.encode(var.request_method)
    .. text_member('route', facts.route)
    .. text_member('path', facts.path)
    .. ',"status":' .. ngx.status
    .. text_member('code', facts.code)
    .. ',"durationMs":' .. (ngx.now() - begun) * 1000
    .. number_member('upstreamMs', seconds_as_ms(var.upstream_header_time))
    .. number_member('upstreamStatus', tonumber(var.upstream_status))
    .. ',"bytesIn":' .. (facts.body and #facts.body or 0)
    .. number_member('bytesOut', tonumber(var.sent_http_content_length))
    .. text_member('bodySha256', facts.body and facts.body ~= '' and digest.sha256(facts.body))
    .. text_member('tokenHash', facts.token_hash)
    .. text_member('keyId', facts.key_id)
    .. text_member('userAgent', var.http_user_agent)
    .. ',"seq":' .. seq .. ',"prev":"' .. head .. '"'
  head = digest.sha256(covered)
  held_count = held_count + 1
  held[held_count] = covered .. ',"hash":"' .. head .. '"}\n'
  if facts.is_write or held_count == most_held then flush() end
end

return M
