-- Correct what take.lua took when the request has ended, by the rules of MemoryStore.give_back.
-- KEYS: buckets, spent, leases, open. ARGV: worker number (see take.lua)
--       window_s tpm requests (to give back) ticket budget reserved_tokens tokens reserved_usd usd
local window, tpm, requests, ticket = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local reserved, used = tonumber(ARGV[8]), tonumber(ARGV[9])
local reserved_usd, used_usd = tonumber(ARGV[10]), tonumber(ARGV[11])
local worker, number = '@' .. ARGV[1], tonumber(ARGV[2])
-- This call has been executed before, and its answer was lost.
if number <= (tonumber(redis.call('HGET', KEYS[4], worker)) or 0) then return end
redis.call('HSET', KEYS[4], worker, number)
redis.call('PEXPIRE', KEYS[4], 86400000)
if ticket ~= '' then
  redis.call('ZREM', KEYS[3], ticket)
  if redis.call('HDEL', KEYS[4], ticket) == 0 then
    -- Nothing is reserved: take.lua was not executed, or the Redis has lost its memory since.
    requests, reserved, reserved_usd = 0, 0, 0
  end
end
local tokens, usd = reserved - used, reserved_usd - used_usd
if ARGV[7] == '1' then
  -- `-tokens` of zero is "-0", which Redis does not accept as an integer.
  redis.call('HINCRBY', KEYS[2], 'tokens', 0 - tokens)
  redis.call('HINCRBYFLOAT', KEYS[2], 'usd', 0 - usd)
end
-- An absent bucket counts as full: only a debt needs one.
if redis.call('EXISTS', KEYS[1]) == 1 then
  if requests ~= 0 then redis.call('HINCRBYFLOAT', KEYS[1], 'requests', requests) end
  if tpm >= 0 then
    local left = tonumber(redis.call('HINCRBYFLOAT', KEYS[1], 'tokens', tokens))
    local debt = math.max(0, -left) / math.max(1, tpm)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000 * (1 + debt) + 1000))
  end
elseif tpm >= 0 and tokens < 0 then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'tokens', tpm + tokens, 'at', string.format('%.6f', time[1] + time[2] / 1e6))
  redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000 * (1 - tokens / tpm) + 1000))
end
