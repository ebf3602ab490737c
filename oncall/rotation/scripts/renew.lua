-- Gives a claim its life again. Keys: claim, attempt, accepted. Arguments: token, person, call.
local c = redis.call('HMGET', KEYS[1], 'token', 'call', 'ttl')
if not c[1] then return 'absent' end
if c[1] ~= ARGV[1] or c[2] ~= ARGV[3] then return 'other' end
redis.call('PEXPIRE', KEYS[1], c[3])
redis.call('SET', KEYS[2], ARGV[1] .. ARGV[2], 'PX', c[3])
if redis.call('GET', KEYS[3]) == ARGV[1] .. ARGV[2] then redis.call('PEXPIRE', KEYS[3], c[3]) end
return 'live'
