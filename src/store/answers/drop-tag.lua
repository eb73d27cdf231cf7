-- Gives a tag another version, so that what was kept with the version before is no longer found; or holds the tag off
-- for a while, in which nothing is found or kept under it. A later drop does not shorten that while.
--
-- KEYS[1]  the tag
-- ARGV[1]  the version
-- ARGV[2]  how long the version is kept, milliseconds
-- ARGV[3]  how long to hold the tag off, milliseconds; 0 to give it the version
local holdMs = tonumber(ARGV[3])
local isHeld = redis.call('GET', KEYS[1]) == 'held'
if holdMs > 0 then
  if not isHeld or redis.call('PTTL', KEYS[1]) < holdMs then
    redis.call('SET', KEYS[1], 'held', 'PX', holdMs)
  end
elseif not isHeld then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
