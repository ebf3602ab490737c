-- Keeps a value. Keys: values of the kind. Arguments: name, body, ttl ms, 1: only where there is none.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
if ARGV[4] == '1' then
  local old = redis.call('HGET', KEYS[1], ARGV[1])
  if old and tonumber(string.sub(old, 1, 16)) > ms then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%016d', ms + tonumber(ARGV[3])) .. ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
