-- Sets members of a job.
--
-- KEYS[1]  the job
-- KEYS[2]  its results
-- ARGV[1]  add if the job must not exist, change if it must; otherwise nothing is done
-- ARGV[2]  how long job and results are kept from now on, milliseconds; 0 to leave that as it is
-- ARGV[3]  how many names and values follow to be set; behind them, names of members to delete
-- answer   1, or 0 if nothing was done

local is_there = redis.call('EXISTS', KEYS[1]) == 1
if is_there == (ARGV[1] == 'add') then return 0 end
local last = 3 + tonumber(ARGV[3])
if last > 3 then redis.call('HSET', KEYS[1], unpack(ARGV, 4, last)) end
if #ARGV > last then redis.call('HDEL', KEYS[1], unpack(ARGV, last + 1)) end
if ARGV[2] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 1
