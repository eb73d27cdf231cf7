-- Keeps results of a job, for as long as the job; does nothing if the job does not exist.
--
-- KEYS[1]  the job
-- KEYS[2]  its results
-- ARGV     index and result of each, as JSON

local life = redis.call('PTTL', KEYS[1])
if life < 0 then return 0 end
redis.call('HSET', KEYS[2], unpack(ARGV))
redis.call('PEXPIRE', KEYS[2], life)
return 1
