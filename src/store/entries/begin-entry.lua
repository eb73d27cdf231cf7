-- Begins a delivery, if it is time for it and nobody else has begun it.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  who begins; it does not have the entry under way now
-- ARGV[3]  now, milliseconds since the epoch
-- ARGV[4]  1 if the broker has delivered the entry before
-- ARGV[5]  a process that is gone, or empty; if it had begun the entry, that delivery was interrupted
-- ARGV[6]  how long a new record is kept, milliseconds; used if there is none
-- ARGV[7]  when it was put, milliseconds since the epoch
-- ARGV[8…] attempts before this one, interrupted and untouched (1 or 0); used if there is no record
-- answer   the state, followed by
--            begun      attempts, this one included; interrupted (1 or 0); the payload if it was changed
--            early      when it is due, milliseconds since the epoch
--            running    who else has begun it
--            dead       attempts; reason; the payload if it was changed
--            cancelled, over  nothing

local function answer(state, field)
  local values = redis.call('HMGET', KEYS[1], 'attempts', field, 'payload')
  if values[3] then return {state, values[1], values[2], values[3]} end
  return {state, values[1], values[2]}
end

local state, due, holder = unpack(redis.call('HMGET', KEYS[1], 'state', 'due', 'holder'))

if not state then
  -- The record is lost or has expired. If the entry was delivered before, it may have begun.
  local attempts, interrupted, untouched = ARGV[8], ARGV[9], ARGV[10]
  if ARGV[4] == '1' then attempts, interrupted, untouched = attempts + 1, 1, 0 end
  redis.call('HSET', KEYS[1],
    'attempts', attempts, 'interrupted', interrupted, 'untouched', untouched)
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
elseif state == 'running' and holder ~= ARGV[2] then
  if holder ~= ARGV[5] then return {'running', holder} end
  redis.call('HSET', KEYS[1], 'untouched', 0, 'interrupted', 1)
elseif state == 'running' then
  -- The same process had begun it but did not get the answer in time. That attempt was never made.
  redis.call('HINCRBY', KEYS[1], 'attempts', -1)
elseif state == 'dead' then
  return answer('dead', 'reason')
elseif state ~= 'waiting' then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return {state}
elseif due and tonumber(due) > tonumber(ARGV[3]) then
  return {'early', due}
end

redis.call('HSET', KEYS[1], 'state', 'running', 'holder', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
redis.call('ZADD', KEYS[2], ARGV[7], ARGV[1])
return answer('begun', 'interrupted')
