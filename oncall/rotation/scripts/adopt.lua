-- Writes claims that a node holds and Redis may not know. Keys, three for each: claim, attempt, accepted.
-- Arguments, seven for each: token, person, call, attempt, ttl ms, ms left of it, won (0 or 1).
-- Where another claim has the person, the one whose accept key counted stays, else the higher token.
local result = {}
for n = 0, #KEYS / 3 - 1 do
  local claim, attempt, accepted = KEYS[3 * n + 1], KEYS[3 * n + 2], KEYS[3 * n + 3]
  local token, person, won = ARGV[7 * n + 1], ARGV[7 * n + 2], ARGV[7 * n + 7]
  local ttl, left = ARGV[7 * n + 5], ARGV[7 * n + 6]
  local c = redis.call('HMGET', claim, 'token', 'won', 'call')
  local theirs = c[2] == '1' and '1' or '0'
  local same = c[1] == token and c[3] == ARGV[7 * n + 3]
  if c[1] and not same and (theirs > won or (theirs == won and c[1] >= token)) then
    result[n + 1] = 'other'
  else
    redis.call('DEL', claim)
    redis.call('HSET', claim, 'token', token, 'call', ARGV[7 * n + 3], 'attempt', ARGV[7 * n + 4], 'ttl', ttl, 'won', won)
    redis.call('PEXPIRE', claim, left)
    redis.call('SET', attempt, token .. person, 'PX', left)
    if won == '1' then redis.call('SET', accepted, token .. person, 'PX', left) end
    result[n + 1] = 'live'
  end
end
return result
