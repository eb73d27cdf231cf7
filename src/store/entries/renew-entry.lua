-- Makes an entry that is not in the queue as new as one that was never put.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  life of the record, milliseconds
-- ARGV[3]  1 if that goes for a dead one too
-- answer   1, or 0 if nothing was done, since it must not be put again

local state, is_put = unpack(redis.call('HMGET', KEYS[1], 'state', 'put'))
if state == 'running' or (state == 'waiting' and is_put) then return 0 end
if state == 'dead' and ARGV[3] ~= '1' then return 0 end
-- Its dead letter was put back before, and is there once more since its acknowledgement was lost.
if (state == 'over' or state == 'cancelled') and ARGV[3] == '1' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'waiting', 'untouched', 1, 'attempts', 0, 'interrupted', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
