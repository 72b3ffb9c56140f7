// What the Redis store does in one step on the server, as scripts: storing rows, and counting the parts of a chord.
// Who calls them, and why: redis.ts. Names of keys: key-value.ts.
// Holds: to other clients the commands are Celery's, in its order (SETEX then PUBLISH; ZADD, count, sizes, EXPIRE), and what Celery
// does between two round trips nobody can come between here. Each may be sent again when its answer was lost.
// Redis 5 and later; no cluster (keys of one call may lie on several nodes), as with Celery.

/**
 * KEYS rows; ARGV ttl in seconds or 0, '1' to write whatever stands there or '0', then their texts in order.
 * Answers for each: 1 stored, 0 a SUCCESS stands there; a text, the row that stands there and may be one; or an error's text in a list.
 * After them why nobody could be told of what was stored, '' when all went well: who waits finds the row when it looks.
 */
export const STORE = `
local ttl, force = tonumber(ARGV[1]), ARGV[2] == '1'
local answers, refusal = {}, ''
for i = 1, #KEYS do
  local key, body = KEYS[i], ARGV[2 + i]
  local answer = 1
  if not force then
    local old = redis.call('GET', key)
    if old and string.find(old, 'SUCCESS', 1, true) then
      if string.find(old, '^{"status": ?"SUCCESS"') then answer = 0 else answer = old end
    end
  end
  if answer == 1 then
    local done
    if ttl > 0 then done = redis.pcall('SETEX', key, ttl, body) else done = redis.pcall('SET', key, body) end
    if type(done) == 'table' and done.err then
      answer = { done.err }
    else
      local told = redis.pcall('PUBLISH', key, body)
      if type(told) == 'table' and told.err then refusal = told.err end
    end
  end
  answers[i] = answer
end
answers[#KEYS + 1] = refusal
return answers`;

/**
 * KEYS .j .t .s, the group's row and the claim; ARGV the part, its score or '' for a list, ttl in seconds or 0, who claims and for how
 * many milliseconds.
 * Answers nil while parts are missing; from the last one on, until the keys are deleted: 1 when the part stood there before or 0, how
 * many parts there are to be, the group's row ('' when none is saved), all parts, and who has the claim. In a list a text that stands
 * there twice is one part.
 */
export const CHORD_PART = `
local list, repeated, count = ARGV[2] == '', 0, 0
if list then
  count = redis.call('RPUSH', KEYS[1], ARGV[1])
else
  if redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) == 0 then repeated = 1 end
  count = redis.call('ZCARD', KEYS[1])
end
local growth = tonumber(redis.call('GET', KEYS[2]) or '0')
local size = tonumber(redis.call('GET', KEYS[3]) or '')
local total = size and size + growth
local parts
if size and count >= total then
  if list then
    local seen = {}
    parts = {}
    for _, part in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
      if seen[part] then
        repeated = 1
      else
        seen[part] = true
        parts[#parts + 1] = part
      end
    end
    if #parts < count then
      redis.call('DEL', KEYS[1])
      for _, part in ipairs(parts) do redis.call('RPUSH', KEYS[1], part) end
    end
    if #parts < total then parts = nil end
  else
    parts = redis.call('ZRANGE', KEYS[1], 0, -1)
  end
end
local ttl = tonumber(ARGV[3])
if ttl > 0 then
  for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ttl) end
end
if not parts then return false end
local claim = redis.call('GET', KEYS[5])
if claim and claim ~= ARGV[4] then return { repeated, total, '', {}, claim } end
redis.call('SET', KEYS[5], ARGV[4], 'PX', ARGV[5])
return { repeated, total, redis.call('GET', KEYS[4]) or '', parts, ARGV[4] }`;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS the open chords and this one's plan; ARGV its group's id, after how many milliseconds it is checked, ttl in seconds or 0, the plan.
 * What is older than results live is forgotten on the way: nobody of ours may be there to check it.
 */
export const PLAN_CHORD = `${NOW}
local ttl = tonumber(ARGV[3])
redis.call('HSET', KEYS[2], 'started', now, 'plan', ARGV[4])
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if ttl > 0 then
  redis.call('EXPIRE', KEYS[2], ttl)
  redis.call('EXPIRE', KEYS[1], ttl)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - ttl * 1000))
end
return 1`;

/**
 * KEYS the open chords; ARGV what keys of groups begin with, how many at most, milliseconds to the next check at least.
 * Answers id and plan of each chord that is due, has not ended and has not grown; it is due again when half its age has passed.
 */
export const OPEN_CHORDS = `${NOW}
local open = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local key = ARGV[1] .. id
  local plan = redis.call('HMGET', key .. '.plan', 'started', 'plan')
  if plan[1] and redis.call('EXISTS', key .. '.s') == 1 and redis.call('EXISTS', key .. '.t') == 0 then
    redis.call('ZADD', KEYS[1], now + math.max(tonumber(ARGV[3]), (now - plan[1]) / 2), id)
    open[#open + 1] = { id, plan[2] }
  else
    redis.call('ZREM', KEYS[1], id)
    redis.call('DEL', key .. '.plan')
  end
end
return open`;
