-- Says how the request of a key ended, or gives the key back; unless somebody else has taken it meanwhile,
-- since Redis may have lost it.
--
-- KEYS[1]  the key
-- ARGV[1]  what it has while our request runs
-- ARGV[2]  what it has from now on, or empty where it is given back
-- ARGV[3]  how long that lives, milliseconds

local value = redis.call('GET', KEYS[1])
if value and value ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
