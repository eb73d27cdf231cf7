-- Stores how the request that holds a key has ended, or frees the key. Does nothing if another request holds the key,
-- which can be if Redis had lost it meanwhile.
--
-- KEYS[1]  the key
-- ARGV[1]  its value while our request runs
-- ARGV[2]  its value from now on; empty to free it
-- ARGV[3]  how long that value is kept, milliseconds

local value = redis.call('GET', KEYS[1])
if value and value ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
