-- Take one request and its tokens from the buckets of a key, all or nothing, by the rules of MemoryStore.take.
-- KEYS: buckets, spent, leases, open: the tickets that are not given back, and the last call of each worker.
-- ARGV: worker, number of this call among those of the worker, window_s rpm tpm concurrency budget_tokens budget_usd
--       (-1: no such limit) tokens usd ticket lease_s
-- Returns {reason, requests left, tokens left}.
local function number(index) return tonumber(ARGV[index + 2]) end
local worker = '@' .. ARGV[1]
-- The worker has given this call up, and gone on.
if tonumber(ARGV[2]) <= (tonumber(redis.call('HGET', KEYS[4], worker)) or 0) then return {'late', '0', '0'} end
redis.call('HSET', KEYS[4], worker, ARGV[2])
-- Longer than any request and most outages: a day.
redis.call('PEXPIRE', KEYS[4], 86400000)
local window, rpm, tpm, concurrency = number(1), number(2), number(3), number(4)
local budget_tokens, budget_usd, tokens, usd = number(5), number(6), number(7), number(8)
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

local state = redis.call('HMGET', KEYS[1], 'requests', 'tokens', 'at')
local share = math.max(0, now - (tonumber(state[3]) or now)) / window
local requests = rpm >= 0 and math.min(rpm, (tonumber(state[1]) or rpm) + share * rpm) or 0
local left = tpm >= 0 and math.min(tpm, (tonumber(state[2]) or tpm) + share * tpm) or 0

local reason = ''
if tpm >= 0 and tokens > tpm then
  reason = 'size'
end
if reason == '' and (budget_tokens >= 0 or budget_usd >= 0) then
  local spent = redis.call('HMGET', KEYS[2], 'tokens', 'usd')
  if budget_tokens >= 0 and (tonumber(spent[1]) or 0) + tokens > budget_tokens then
    reason = 'budget_tokens'
  elseif budget_usd >= 0 and (tonumber(spent[2]) or 0) + usd > budget_usd then
    reason = 'budget_usd'
  end
end
if reason == '' and concurrency >= 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  if redis.call('ZCARD', KEYS[3]) >= concurrency then reason = 'concurrency' end
end
if reason == '' and rpm >= 0 and requests < 1 then reason = 'requests' end
if reason == '' and tpm >= 0 and left < tokens then reason = 'tokens' end

if reason == '' then
  redis.call('HSET', KEYS[4], ARGV[11], 1)
  if rpm >= 0 then requests = requests - 1 end
  if tpm >= 0 then left = left - tokens end
  if rpm >= 0 or tpm >= 0 then
    redis.call('HSET', KEYS[1], 'requests', requests, 'tokens', left, 'at', string.format('%.6f', now))
    -- An empty bucket has refilled by then; an absent bucket counts as full.
    redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1000 + 1000))
  end
  if concurrency >= 0 then
    redis.call('ZADD', KEYS[3], now + number(10), ARGV[11])
    redis.call('PEXPIRE', KEYS[3], math.ceil(number(10) * 1000))
  end
  if budget_tokens >= 0 or budget_usd >= 0 then
    redis.call('HINCRBY', KEYS[2], 'tokens', tokens)
    redis.call('HINCRBYFLOAT', KEYS[2], 'usd', usd)
  end
end
return {reason, tostring(requests), tostring(left)}
