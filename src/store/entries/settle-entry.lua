-- Settles a delivery, unless another process has begun or ended the entry meanwhile. A record that was lost is made again.
--
-- KEYS      record, entries in the queue, cancelled ones
-- ARGV[1]   id
-- ARGV[2]   who had begun it
-- ARGV[3]   state from now on: waiting, dead or over
-- ARGV[4]   attempts so far
-- ARGV[5]   interrupted, 1 or 0
-- ARGV[6]   1 if nothing of it has been carried out; it can be cancelled only if this was so each time
-- ARGV[7]   when it is due, milliseconds since the epoch
-- ARGV[8]   reason
-- ARGV[9]   life of the record, milliseconds
-- ARGV[10]  payload from now on; left out if it was not changed
-- answer    1, or 0 if another process has begun or ended it

local state, holder, untouched = unpack(redis.call('HMGET', KEYS[1], 'state', 'holder', 'untouched'))
-- It is waiting when a failover of Redis has lost that it had begun.
if state and state ~= 'waiting' and not (state == 'running' and holder == ARGV[2]) then return 0 end
if ARGV[6] == '0' then untouched = 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[3], 'attempts', ARGV[4], 'interrupted', ARGV[5],
  'untouched', untouched or ARGV[6], 'due', ARGV[7], 'reason', ARGV[8], 'put', 1)
if ARGV[10] then redis.call('HSET', KEYS[1], 'payload', ARGV[10]) end
if ARGV[3] == 'over' then redis.call('HDEL', KEYS[1], 'payload') end
if ARGV[3] ~= 'waiting' then redis.call('ZREM', KEYS[2], ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[9])
return 1
