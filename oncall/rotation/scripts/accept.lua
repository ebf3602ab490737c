-- Compare and set: the first live claim of the call wins. Keys: claim, accepted. Arguments: token, person, call.
local c = redis.call('HMGET', KEYS[1], 'token', 'call')
if not c[1] then return 'absent' end
if c[1] ~= ARGV[1] or c[2] ~= ARGV[3] then return 'other' end
local winner = redis.call('GET', KEYS[2])
if winner and winner ~= ARGV[1] .. ARGV[2] then return 'taken' end
redis.call('HSET', KEYS[1], 'won', '1')
redis.call('SET', KEYS[2], ARGV[1] .. ARGV[2], 'PX', math.max(1, redis.call('PTTL', KEYS[1])))
return 'won'
