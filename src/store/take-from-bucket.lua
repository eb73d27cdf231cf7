-- Takes one request out of a GCRA bucket, on the clock of Redis, atomically.
--
-- KEYS[1]  the bucket: a string, the time in microseconds at which it is full again
-- ARGV[1]  interval: microseconds that one request costs
-- ARGV[2]  capacity: microseconds that the whole bucket is worth, burst times interval
-- answer   {allowed (1 or 0), remaining requests, microseconds until a request would be allowed}
--
-- A refused request changes nothing. The key expires when the bucket is full, so none lives on.
-- Times stay below 2^53 microseconds, so they are exact in Lua's numbers.

local interval = tonumber(ARGV[1])
local capacity = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full_at = tonumber(redis.call('GET', KEYS[1]) or 0)

local next_full_at = math.max(full_at, now) + interval
local ahead = next_full_at - now
if ahead > capacity then
  return {0, 0, ahead - capacity}
end
redis.call('SET', KEYS[1], string.format('%.0f', next_full_at), 'PX', math.ceil(ahead / 1000))
return {1, math.floor((capacity - ahead) / interval), 0}
