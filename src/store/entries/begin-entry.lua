-- Begins a delivery, if it is time for it and nobody else has begun it.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  who begins, and has it not under way
-- ARGV[3]  now, milliseconds since the epoch
-- ARGV[4]  1 where the broker has delivered the entry before
-- ARGV[5]  whose begun delivery is known to be interrupted, or empty
-- ARGV[6]  life of the record where there is none, milliseconds
-- ARGV[7]  when it was put, milliseconds since the epoch
-- ARGV[8…] attempts before this one, interrupted and untouched (1 or 0), where there is no record
-- answer   {state of the entry, and of
--            begun      attempts, interrupted (1 or 0), and the payload where it was changed
--            early      when it is due, milliseconds since the epoch
--            running    who else has begun it
--            dead       attempts, reason, and the payload where it was changed}

local function answer(state, field)
  local values = redis.call('HMGET', KEYS[1], 'attempts', field, 'payload')
  if values[3] then return {state, values[1], values[2], values[3]} end
  return {state, values[1], values[2]}
end

local state, due, holder = unpack(redis.call('HMGET', KEYS[1], 'state', 'due', 'holder'))

if not state then
  -- Forgotten. What was delivered before may have begun.
  local attempts, interrupted, untouched = ARGV[8], ARGV[9], ARGV[10]
  if ARGV[4] == '1' then attempts, interrupted, untouched = attempts + 1, 1, 0 end
  redis.call('HSET', KEYS[1],
    'attempts', attempts, 'interrupted', interrupted, 'untouched', untouched)
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
elseif state == 'running' and holder ~= ARGV[2] then
  if holder ~= ARGV[5] then return {'running', holder} end
  redis.call('HSET', KEYS[1], 'untouched', 0, 'interrupted', 1)
elseif state == 'running' then
  -- Begun for whom asks, who was told too late.
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
