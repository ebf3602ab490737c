-- Takes the first free candidate. Keys: epoch, fence, attempt, turn, then the claim of each candidate.
-- Arguments: known epoch, known counter, ttl ms, turn ttl ms (0: no turn), call, attempt, then the candidates.
local known, counter = tonumber(ARGV[1]), tonumber(ARGV[2])
local ttl, turn = ARGV[3], ARGV[4]

-- Claims may have been forgotten when the epoch is gone or lower than known, the counter went back, or another server
-- (or the same one, started again) answers than the one the epoch was written on. Then nobody gets anything.
local epoch, run = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (.*)$')
epoch = tonumber(epoch or '0')
local info = redis.pcall('INFO', 'server')
local running = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
if run ~= running or epoch < known or
   (epoch == known and tonumber(redis.call('GET', KEYS[2]) or '0') < counter) then
  return {'rewound', tostring(epoch)}
end

local held = redis.call('GET', KEYS[3])
if held then
  local token, person = string.sub(held, 1, 21), string.sub(held, 22)
  local mine = 0
  for i = 7, #ARGV do
    if ARGV[i] == person then mine = i - 2 end
  end
  if mine == 0 then return {'elsewhere', token, person} end -- its key was not declared: the caller asks for it
  local c = redis.call('HMGET', KEYS[mine], 'token', 'ttl')
  if c[1] == token then return {'held', token, person, c[2]} end
end

for i = 7, #ARGV do
  local key, person = KEYS[i - 2], ARGV[i]
  if redis.call('EXISTS', key) == 0 then
    local token = string.format('%08d%013d', epoch, redis.call('INCR', KEYS[2]))
    redis.call('HSET', key, 'token', token, 'call', ARGV[5], 'attempt', ARGV[6], 'ttl', ttl)
    redis.call('PEXPIRE', key, ttl)
    redis.call('SET', KEYS[3], token .. person, 'PX', ttl)
    if turn ~= '0' then
      local now = redis.call('TIME')
      redis.call('ZADD', KEYS[4], string.format('%d%06d', now[1], now[2]), person)
      redis.call('PEXPIRE', KEYS[4], turn)
    end
    return {'new', token, person, ttl}
  end
end
return {'none'}
