-- The policies of the gateway, in its order. A refusal is answered at once; what passes goes on to proxy_pass.
local bucket = require 'bucket'
local cjson = require 'cjson'
local digest = require 'digest'
local grants = require 'grants'
local schema = require 'schema'

cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(64)

local settings = cjson.decode(assert(os.getenv('BENCH_POLICIES')))
local integration_of = { [digest.sha256(settings.token)] = settings.name }
local hash_token = digest.hmac(digest.random_hex(32))
local token_hash_of = {}
for token_digest in pairs(integration_of) do token_hash_of[token_digest] = hash_token(token_digest) end
local sign = digest.hmac(settings.secret)
local is_allowed_address = grants.compile_addresses(settings.addresses)
local granted_route = grants.compile_routes(settings.routes)
local body_fits = schema.compile(settings.schema)
local limit, address_limit = settings.limit, settings.addressLimit
local authorization = 'Bearer ' .. settings.magento
local policy_field = string.format('"rate";q=%d;w=%d', limit.burst, math.ceil(limit.burst / limit.perSecond))
local repeat_seconds = 10

local problems = {
  ['bad-request-target'] = { 400, 'Bad request target' },
  ['invalid-json'] = { 400, 'Invalid JSON' },
  ['invalid-body'] = { 400, 'Invalid body' },
  unauthenticated = { 401, 'Unauthorized' },
  ['address-not-allowed'] = { 403, 'Address not allowed' },
  ['route-not-granted'] = { 403, 'Route not granted' },
  ['unsupported-media-type'] = { 415, 'Unsupported media type' },
  ['rate-limited'] = { 429, 'Too many requests' },
}

local function refuse(facts, code)
  local status, title = unpack(problems[code])
  facts.code = code
  ngx.status = status
  ngx.header['Content-Type'] = 'application/problem+json'
  ngx.print(cjson.encode({
    type = '/problems#' .. code,
    title = title,
    status = status,
    code = code,
    message = title,
    requestId = facts.request_id,
  }))
  return ngx.exit(status)
end

local function correlate(facts, var)
  local id = digest.random_hex(16)
  local request_id = id:sub(1, 8) .. '-' .. id:sub(9, 12) .. '-4' .. id:sub(14, 16) .. '-a' .. id:sub(18, 20) .. '-' .. id:sub(21)
  facts.request_id = request_id
  -- Nobody is a trusted proxy here, so no id is taken over.
  facts.trace_id = digest.random_hex(16)
  var.request_uuid = request_id
  var.trace_parent = '00-' .. facts.trace_id .. '-' .. digest.random_hex(8) .. '-00'
  ngx.header['X-Request-Id'] = request_id
end

local function read_body()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if body then return body end
  -- What the buffer cannot hold would be in a file; the buffer is as large as a body may be.
  return ''
end

local function check_body(facts, var)
  local media_type = var.http_content_type or ''
  if not media_type:find('^application/json') then return refuse(facts, 'unsupported-media-type') end
  local is_json, value = pcall(cjson.decode, facts.body)
  if not is_json or type(value) ~= 'table' then return refuse(facts, 'invalid-json') end
  if not body_fits(value) then return refuse(facts, 'invalid-body') end
end

local M = {}

-- Lets the request go on, or answers it.
function M.check()
  local facts, var = ngx.ctx, ngx.var
  correlate(facts, var)
  local method = ngx.req.get_method()
  facts.is_write = method ~= 'GET'
  local path = grants.strict_path(var.request_uri)
  if not path then return refuse(facts, 'bad-request-target') end
  facts.path = path
  local address = var.binary_remote_addr
  if not bucket.take(ngx.shared.addresses, address, address_limit) then return refuse(facts, 'rate-limited') end
  local token = (var.http_authorization or ''):match('^[Bb]earer ([%w%-%._~%+/]+=*)$')
  local token_digest = digest.sha256(token or '')
  facts.token_hash = token and (token_hash_of[token_digest] or hash_token(token_digest))
  facts.claimed = integration_of[token_digest]
  if facts.claimed and not is_allowed_address(address) then return refuse(facts, 'address-not-allowed') end

  facts.body = read_body()
  -- Also for a caller that nobody knows: the time is not to tell it.
  local signature = (var.http_x_signature or ''):lower()
  local is_signed = digest.is_equal(signature, sign(facts.body))
  if not facts.claimed or not is_signed then return refuse(facts, 'unauthenticated') end
  facts.verified, facts.key_id = facts.claimed, 'k1'

  local may_go_on, left, reset = bucket.take(ngx.shared.integrations, facts.verified, limit)
  ngx.header['RateLimit-Policy'] = policy_field
  ngx.header['RateLimit'] = string.format('"rate";r=%d;t=%d', left, math.ceil(reset))
  if not may_go_on then return refuse(facts, 'rate-limited') end
  facts.route = granted_route(method, path)
  if not facts.route then return refuse(facts, 'route-not-granted') end
  if facts.is_write then
    check_body(facts, var)
    local key = facts.verified .. ' ' .. signature .. ' ' .. method .. ' ' .. var.request_uri
    if not ngx.shared.repeats:safe_add(key, true, repeat_seconds) then return refuse(facts, 'unauthenticated') end
  end
  var.upstream_authorization = authorization
end

return M
