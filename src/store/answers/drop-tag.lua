-- Gives a tag another version, so that whatever was kept with the one before is found no more; or holds
-- it off for a while, in which nothing is kept under it. A later drop does not shorten that.
-- KEYS: the tag. ARGV: the version, how long it lives, how long to hold off or 0; milliseconds.
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
