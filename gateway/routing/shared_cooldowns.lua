-- Change cooldowns that all processes share, and read those that are not over.
-- KEYS: a hash from a cooldown's field to the id of its latest change and its end, in milliseconds of this Redis' clock.
-- ARGV: milliseconds for which the hash outlives its last change; then field, id and milliseconds left (0 ends it) of
--       each change.
-- Returns field, id and milliseconds left of each cooldown that is not over.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #ARGV, 3 do
  local left = tonumber(ARGV[i + 2])
  if left > 0 then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%s %.0f', ARGV[i + 1], now + left))
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
  else
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
local found = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local id, ends_at = string.match(all[i + 1], '^(%x+) (%d+)$')
  if id and tonumber(ends_at) > now then
    found[#found + 1] = all[i]
    found[#found + 1] = id
    found[#found + 1] = string.format('%.0f', tonumber(ends_at) - now)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
