-- Rates as GCRA, the way of src/store/gcra.ts: of a bucket only the time is kept at which it is full again.
local M = {}

-- Takes one request out of the bucket of a key in a shared dictionary.
-- Gives whether it may go on, how many are left, and the seconds until the bucket is full.
function M.take(dict, key, limit)
  local now_ms = ngx.now() * 1000
  local interval_ms = 1000 / limit.perSecond
  local capacity_ms = limit.burst * interval_ms
  local full_at_ms = dict:get(key) or 0
  if full_at_ms < now_ms then full_at_ms = now_ms end
  local next_ms = full_at_ms + interval_ms
  local excess_ms = next_ms - now_ms - capacity_ms
  if excess_ms > interval_ms * 1e-6 then return false, 0, (full_at_ms - now_ms) / 1000 end
  -- One worker, and nothing waits between reading and writing.
  dict:set(key, next_ms, capacity_ms / 1000 + 1)
  return true, math.max(0, math.floor(1e-6 - excess_ms / interval_ms)), (next_ms - now_ms) / 1000
end

return M
