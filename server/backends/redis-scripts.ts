// What the Redis store does in one step on the server, as scripts: storing rows, and counting the parts of a chord.
// Who calls them, and why: redis.ts. Names of keys: key-value.ts.
// Holds: to other clients the commands are Celery's, in its order (SETEX then PUBLISH; ZADD, count, sizes, EXPIRE), and what Celery
// does between two round trips nobody can come between here.
// Redis 5 and later; no cluster (keys of one call may lie on several nodes), as with Celery.

/**
 * KEYS rows; ARGV ttl in seconds or 0, '1' to write whatever stands there or '0', then their texts in order.
 * Answers for each: 1 stored, 0 a SUCCESS stands there; a text, the row that stands there and may be one; or an error's text in a list.
 */
export const STORE = `
local ttl, force = tonumber(ARGV[1]), ARGV[2] == '1'
local answers = {}
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
    if type(done) == 'table' and done.err then answer = { done.err } else redis.call('PUBLISH', key, body) end
  end
  answers[i] = answer
end
return answers`;

/**
 * KEYS .j .t .s and the group's row; ARGV the part, its score or '' for a list, ttl in seconds or 0.
 * Answers nil while parts are missing; with the last one the group's row ('' when none is saved) and all parts, and the keys are gone.
 */
export const CHORD_PART = `
local ready
if ARGV[2] == '' then
  redis.call('RPUSH', KEYS[1], ARGV[1])
  ready = redis.call('LLEN', KEYS[1])
else
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  ready = redis.call('ZCOUNT', KEYS[1], '-inf', '+inf')
end
local growth = tonumber(redis.call('GET', KEYS[2]) or '0')
local size = tonumber(redis.call('GET', KEYS[3]) or '')
local ttl = tonumber(ARGV[3])
if ttl > 0 then
  for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ttl) end
end
if not size or ready ~= size + growth then return false end
local parts
if ARGV[2] == '' then parts = redis.call('LRANGE', KEYS[1], 0, -1) else parts = redis.call('ZRANGE', KEYS[1], 0, -1) end
local row = redis.call('GET', KEYS[4]) or ''
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
return { row, parts }`;
