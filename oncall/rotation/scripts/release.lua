-- Ends a claim, and nothing else. Keys: claim, attempt, accepted. Arguments: token, person.
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('DEL', KEYS[1]) end
for i = 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] .. ARGV[2] then redis.call('DEL', KEYS[i]) end
end
return 1
