-- Makes an entry that is not in the queue as new as one that was never put.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  life of the record, milliseconds
-- answer   1, or 0 if the entry is in the queue

local state, is_put = unpack(redis.call('HMGET', KEYS[1], 'state', 'put'))
if state == 'running' or (state == 'waiting' and is_put) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'waiting', 'untouched', 1, 'attempts', 0, 'interrupted', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
