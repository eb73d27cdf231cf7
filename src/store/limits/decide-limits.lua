-- Decides whether a request is let through by all of its limits, on the clock of Redis, atomically.
-- If one that is enforced refuses, nothing is charged.
--
-- KEYS[i]  the state of limit i, one hash slot for all:
--            rate         string "level at parts": level in parts of a token, at microseconds of time,
--                         parts that one token has
--            quota        string "used start": tokens used in the period that began at start (seconds)
--            concurrency  sorted set of leases, scored with the time at which each ends (milliseconds)
-- ARGV[1]  id of the lease that concurrency is held by
-- ARGV[2]  how long it is held at most, milliseconds
-- ARGV[3]  cost of the request, tokens
-- ARGV[4]  tokens to take if there are as many, at least the cost
-- then for limit i, seven values from ARGV[7 * i - 2]: kind; count; report only, 1 or 0; and
--            rate         unit in seconds; burst; 0; 0
--            quota        starts of the last, this and the next period, and the end of that one, in
--                         seconds, as the gateway's clock has them
--            concurrency  0; 0; 0; 0
-- answer   {tokens taken, or 0 when refused; for each limit: exceeded (1 or 0), remaining, milliseconds
--          until the request would be let through, milliseconds until the limit is whole again}
--
-- Every key gets the life that its content has. Levels stay below 2^53, so they are exact in Lua.

local lease, lease_ms = ARGV[1], tonumber(ARGV[2])
local cost, want = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now_ms = math.floor(now_us / 1000)

local limits = {}
local allowed = true
local granted = want

for i = 1, #KEYS do
  local at = 7 * i - 2
  local limit = {
    kind = ARGV[at], count = tonumber(ARGV[at + 1]), report_only = ARGV[at + 2] == '1'
  }
  limits[i] = limit
  if limit.kind == 'rate' then
    local parts, burst = tonumber(ARGV[at + 3]) * 1000000, tonumber(ARGV[at + 4])
    local size = burst * parts
    local level, beyond = 0, 0
    local state = redis.call('GET', KEYS[i])
    if state then
      local written, at_us, written_parts = state:match('^(%d+) (%d+) (%d+)$')
      written, written_parts = tonumber(written), tonumber(written_parts)
      if written_parts ~= parts then written = math.ceil(written / written_parts * parts) end
      -- The clock of Redis may have been set back, or that of a Redis that takes over may be behind.
      local drained = math.max(0, now_us - at_us) * limit.count
      -- If the bucket has been made smaller since, it was no more than full. What is beyond that still counts for a
      -- gateway that has the larger one.
      level = math.max(0, math.min(written, size) - drained)
      beyond = math.max(0, written - drained) - level
    end
    limit.parts, limit.level, limit.size, limit.beyond = parts, level, size, beyond
    limit.capped = math.min(cost, burst)
    limit.excess = level + limit.capped * parts - limit.size
    limit.exceeded = limit.excess > 0
    limit.free = math.floor((limit.size - level) / parts)
  elseif limit.kind == 'quota' then
    local starts = {}
    for later = 1, 4 do starts[later] = tonumber(ARGV[at + 2 + later]) end
    local now = now_ms / 1000
    local period = now < starts[2] and 1 or now < starts[3] and 2 or 3
    local used = 0
    local state = redis.call('GET', KEYS[i])
    if state then
      local written, of = state:match('^(%d+) (%d+)$')
      -- A period that has begun is not begun anew by the clock of a Redis that takes over and is behind.
      if period < 3 and tonumber(of) == starts[period + 1] then period = period + 1 end
      if tonumber(of) == starts[period] then used = tonumber(written) end
    end
    local start, finish = starts[period], starts[period + 1]
    limit.used, limit.start = used, start
    -- A clock of Redis that is further off does not say when the period ends.
    local is_far_off = now < starts[1] or now >= finish
    limit.left_ms = finish * 1000 - (is_far_off and start * 1000 or now_ms)
    limit.capped = math.min(cost, limit.count)
    limit.exceeded = used + limit.capped > limit.count
    limit.free = math.max(0, limit.count - used)
  else
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now_ms)
    limit.running = redis.call('ZCARD', KEYS[i])
    limit.exceeded = limit.running >= limit.count
  end
  if limit.exceeded and not limit.report_only then allowed = false end
  -- One that is only reported counts here too, since what is taken beyond it would be reported by no request.
  if limit.free then granted = math.min(granted, limit.free) end
end
granted = math.max(granted, cost)

local answer = {allowed and granted or 0}
for i = 1, #KEYS do
  local limit = limits[i]
  local charged = allowed and not limit.exceeded
  local remaining, retry_ms, reset_ms
  if limit.kind == 'rate' then
    if charged then
      local tokens = math.max(limit.capped, math.min(granted, limit.free))
      limit.level = limit.level + tokens * limit.parts
    end
    -- Also if nothing is charged: a state from the future would not drain before its time has come, and after a change
    -- of the rate the key needs another life.
    local filled = limit.level + limit.beyond
    if filled > 0 then
      -- With something beyond it, a bucket is not full only as one that was full some time ago.
      local ago_us = 0
      if limit.beyond > 0 then
        ago_us = math.min(now_us, math.floor((limit.size - limit.level) / limit.count))
      end
      local state = string.format('%.0f %.0f %.0f', filled + ago_us * limit.count, now_us - ago_us, limit.parts)
      redis.call('SET', KEYS[i], state, 'PX', math.ceil(filled / limit.count / 1000))
    end
    remaining = math.floor((limit.size - limit.level) / limit.parts)
    retry_ms = limit.exceeded and math.ceil(limit.excess / limit.count / 1000) or 0
    reset_ms = math.ceil(limit.level / limit.count / 1000)
  elseif limit.kind == 'quota' then
    if charged then
      limit.used = limit.used + math.max(limit.capped, math.min(granted, limit.free))
      redis.call('SET', KEYS[i], string.format('%.0f %.0f', limit.used, limit.start), 'PX', limit.left_ms)
    end
    remaining = math.max(0, limit.count - limit.used)
    retry_ms = limit.exceeded and limit.left_ms or 0
    reset_ms = limit.left_ms
  else
    if charged then
      limit.running = limit.running + 1
      redis.call('ZADD', KEYS[i], now_ms + lease_ms, lease)
      -- Another process may have its leases last longer.
      redis.call('PEXPIRE', KEYS[i], math.max(lease_ms, redis.call('PTTL', KEYS[i])))
    end
    remaining = math.max(0, limit.count - limit.running)
    retry_ms = limit.exceeded and 1000 or 0
    reset_ms = 0
  end
  answer[#answer + 1] = limit.exceeded and 1 or 0
  answer[#answer + 1] = remaining
  answer[#answer + 1] = retry_ms
  answer[#answer + 1] = reset_ms
end
return answer
