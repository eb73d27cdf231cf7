-- Cancels an entry that has not begun. Its message stays in the queue until its turn comes.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  now, milliseconds since the epoch
-- ARGV[3]  how long it is remembered among the cancelled ones, milliseconds
-- answer   cancelled, begun or absent

local state, untouched, is_put = unpack(redis.call('HMGET', KEYS[1], 'state', 'untouched', 'put'))
if not state or state == 'over' or state == 'cancelled' then return 'absent' end
if state ~= 'waiting' or untouched ~= '1' then return 'begun' end
redis.call('HSET', KEYS[1], 'state', 'cancelled')
redis.call('ZREM', KEYS[2], ARGV[1])
-- If the broker has refused it, nobody would ever take it out again. If it is in the queue all the same, its turn comes
-- at once.
if is_put then redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[2] - ARGV[3])
return 'cancelled'
