-- Notes that an entry is in the queue. Does nothing if that is known, as once it has begun, if it is cancelled or over
-- already, or if its record is lost.
--
-- KEYS     record, entries in the queue, cancelled ones
-- ARGV[1]  id
-- ARGV[2]  when it was put, milliseconds since the epoch

if redis.call('HGET', KEYS[1], 'state') == 'waiting' then
  redis.call('HSET', KEYS[1], 'put', 1)
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
end
return 0
