-- Looks at the epoch, and raises it. Keys: epoch, fence, probe.
-- Arguments: known epoch, known counter, epoch to raise to (0: only look), ttl of the probe in ms.
-- Returns whether claims may have been forgotten, and the epoch that holds now.
redis.call('SET', KEYS[3], '1', 'PX', ARGV[4]) -- a server that takes no writes fails here
local known, counter, new = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local epoch, run = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (.*)$')
epoch = tonumber(epoch or '0')
local info = redis.pcall('INFO', 'server')
local running = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local rewound = run ~= running or epoch < known or
  (epoch == known and tonumber(redis.call('GET', KEYS[2]) or '0') < counter)
if new == 0 then return {rewound and 1 or 0, tostring(epoch)} end
if rewound and new <= epoch then new = epoch + 1 end
if new > epoch then
  epoch = new
  redis.call('SET', KEYS[1], string.format('%d %s', epoch, running))
  redis.call('SET', KEYS[2], '0')
end
return {0, tostring(epoch)}
