-- Notes an entry that is about to be put.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  life of the record, milliseconds
-- answer   1 if it is in the queue or dead, so that it must not be put again; otherwise 0

local state, is_put = unpack(redis.call('HMGET', KEYS[1], 'state', 'put'))
if state == 'running' or state == 'dead' or (state == 'waiting' and is_put) then return 1 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'waiting', 'untouched', 1, 'attempts', 0, 'interrupted', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
