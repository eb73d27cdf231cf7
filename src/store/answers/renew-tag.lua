-- Keeps the version of a tag from now on for as long as a new one. What holds a tag off is not prolonged.
--
-- KEYS[1]  the tag
-- ARGV[1]  how long the version is kept, milliseconds
if redis.call('GET', KEYS[1]) ~= 'held' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
