-- Correct what take.lua took when the request has ended, by the rules of MemoryStore.give_back.
-- KEYS: buckets, spent, leases. ARGV: window_s tpm requests tokens usd (each to give back; may be negative) ticket budget
local window, tpm, requests, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREM', KEYS[3], ARGV[6])
if ARGV[7] == '1' then
  -- `-tokens` of zero is "-0", which Redis does not accept as an integer.
  redis.call('HINCRBY', KEYS[2], 'tokens', 0 - tokens)
  redis.call('HINCRBYFLOAT', KEYS[2], 'usd', 0 - tonumber(ARGV[5]))
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
