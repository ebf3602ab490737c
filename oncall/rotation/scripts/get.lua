-- Reads one live value, or all and forgets those that have ended. Keys: values of the kind. Arguments: name, or none.
-- Returns name, body, ms left of each.
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local all = ARGV[1] and {ARGV[1], redis.call('HGET', KEYS[1], ARGV[1])} or redis.call('HGETALL', KEYS[1])
local live = {}
for i = 1, #all, 2 do
  local v = all[i + 1]
  if v then
    local left = tonumber(string.sub(v, 1, 16)) - ms
    if left > 0 then
      live[#live + 1] = all[i]
      live[#live + 1] = string.sub(v, 17)
      live[#live + 1] = left
    elseif not ARGV[1] then
      redis.call('HDEL', KEYS[1], all[i])
    end
  end
end
return live
