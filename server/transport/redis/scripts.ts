// What runs inside the server, each script one atomic step. Loading and calling them: link.ts.
// Holds: a message is recorded as unacked before it leaves its list, so that no error within a script can lose it; what is given
// back is put into its list only by the one who could remove its record.
// A server at maxmemory refuses commands that need memory, but for those of a script that has written before: TAKE, RESTORE, RENEW and BIND
// begin with a write that needs none, so that what waits can be worked off. Redis: script.c scriptVerifyOOM, flag SCRIPT_WRITE_DIRTY.
// Kombu does the same steps one after the other (transport/redis.py QoS.append, restore_by_tag) and can lose one when it dies between.

/**
 * KEYS unacked, index, taken, then for each step the list of each queue, in the order of service.
 * ARGV now (s), room, room of no-ack queues, number of queues, rotate?, record?, arm?, ttl of `taken` (s), name for tags, then per queue 1 = no-ack.
 * Answers nothing, or the envelopes, then all their tags and all their queues' numbers in one text each. `room` messages at most, in the order kombu's BRPOP would give them one by one:
 * steps ascending, within one the queues in turn. When room is left the lengths are read last: with CLIENT TRACKING on, that
 * is what makes the server tell of the next message. What one take records is a microsecond apart: who gives it back keeps the order.
 */
const TAKE = `
local n, room, open = tonumber(ARGV[4]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now, steps = tonumber(ARGV[1]), (#KEYS - 3) / n
local order, out, served, rec, idx, tags, trims = {}, {}, {}, {}, {}, {}, {}
for q = 1, n do order[q] = q end
for s = 0, steps - 1 do
  local len, want, seq = {}, {}, {}
  local some = false
  for q = 1, n do
    local mine = ARGV[9 + q] == '1' and open or room
    len[q] = mine > 0 and redis.call('LLEN', KEYS[3 + s * n + q]) or 0
    want[q] = 0
    if len[q] > 0 then some = true end
  end
  while some do
    some = false
    for i = 1, n do
      local q = order[i]
      local free = ARGV[9 + q] == '1' and open or room
      if free > 0 and want[q] < len[q] then
        want[q] = want[q] + 1
        seq[#seq + 1] = q
        if ARGV[9 + q] == '1' then open = open - 1 else room = room - 1 end
        if ARGV[5] == '1' and n > 1 then table.remove(order, i); order[n] = q end
        some = true
        break
      end
    end
  end
  local items, at = {}, {}
  for q = 1, n do
    if want[q] > 0 then
      local key = KEYS[3 + s * n + q]
      items[q] = redis.call('LRANGE', key, -want[q], -1)
      at[q] = want[q]
      trims[#trims + 1] = key
      trims[#trims + 1] = -(want[q] + 1)
    end
  end
  for i = 1, #seq do
    local q = seq[i]
    local raw = items[q][at[q]]
    at[q] = at[q] - 1
    local tag, ex, rk = '', nil, nil
    if ARGV[6] == '1' and ARGV[9 + q] ~= '1' then
      local from = string.find(raw, '"delivery_tag"', -120, true)
      if from then tag = string.match(raw, '^"delivery_tag": ?"([^"\\\\\\n]+)"}}$', from) end
      from = string.find(raw, '"delivery_info"', -600, true)
      if from then
        ex, rk = string.match(raw, '^"delivery_info": ?{"exchange": ?"([^"\\\\]*)", ?"routing_key": ?"([^"\\\\]*)"', from)
      end
      local fine = true
      if not tag or tag == '' or not ex then
        local ok, e = pcall(cjson.decode, raw)
        fine = ok and type(e) == 'table' and type(e.properties) == 'table'
        if fine then
          local info = type(e.properties.delivery_info) == 'table' and e.properties.delivery_info or {}
          tag = e.properties.delivery_tag
          if type(tag) ~= 'string' or tag == '' or string.find(tag, '\\n', 1, true) then tag = ARGV[9] .. '.' .. #out end
          ex = cjson.encode(type(info.exchange) == 'string' and info.exchange or '')
          rk = cjson.encode(type(info.routing_key) == 'string' and info.routing_key or '')
        else
          tag = ''
        end
      else
        ex, rk = '"' .. ex .. '"', '"' .. rk .. '"'
      end
      if fine then
        rec[#rec + 1] = tag
        rec[#rec + 1] = '[' .. raw .. ', ' .. ex .. ', ' .. rk .. ']'
        idx[#idx + 1] = string.format('%.6f', now + #idx / 2000000)
        idx[#idx + 1] = tag
      end
    end
    out[#out + 1] = raw
    served[#served + 1] = q
    tags[#tags + 1] = tag
  end
end
local tagged = table.concat(tags, '\\n')
if #rec > 0 then
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[1], unpack(rec))
  redis.call('ZADD', KEYS[2], unpack(idx))
  redis.call('SET', KEYS[3], ARGV[9] .. '\\n' .. tagged, 'EX', ARGV[8])
end
for i = 1, #trims, 2 do redis.call('LTRIM', trims[i], 0, trims[i + 1]) end
if ARGV[7] == '1' and (room > 0 or open > 0) then
  for i = 4, #KEYS do redis.call('LLEN', KEYS[i]) end
end
if #out > 0 then
  out[#out + 1] = tagged
  out[#out + 1] = table.concat(served, '\\n')
end
return out
`;

/**
 * KEYS unacked, index, then the list each message goes to. ARGV for each list: side (L back, R next), tag, envelope.
 * A tag of '' was never recorded. Answers how many were given back.
 */
const RESTORE = `
redis.call('ZREM', KEYS[2], '')
local count = 0
for i = 3, #KEYS do
  local at = (i - 3) * 3
  local tag = ARGV[at + 2]
  local mine = true
  if tag ~= '' then
    mine = redis.call('HDEL', KEYS[1], tag) == 1
    redis.call('ZREM', KEYS[2], tag)
  end
  if mine then
    redis.call(ARGV[at + 1] == 'L' and 'LPUSH' or 'RPUSH', KEYS[i], ARGV[at + 3])
    count = count + 1
  end
end
return count
`;

/** KEYS index. ARGV time (s), tags. Dates anew what is still recorded: it may have been settled meanwhile. */
const RENEW = `
redis.call('ZREM', KEYS[1], '')
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', ARGV[1], ARGV[i]) end
return 1
`;

/** KEYS binding set of an exchange. ARGV member. Answers whether it is new. */
const BIND = `
redis.call('SREM', KEYS[1], '')
return redis.call('SADD', KEYS[1], ARGV[1])
`;

/** KEYS mutex. ARGV token: let go only what is still ours. redis-py's lock means the same. */
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** KEYS unacked. ARGV most. Answers nil when there are more, else [exchange and routing key as JSON, count, ...]. */
const COUNT_UNACKED = `
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[1]) then return false end
local counts, out = {}, {}
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local to = string.match(string.sub(value, -700), '}, ?("[^"]*", ?"[^"]*")%]$')
  if to then counts[to] = (counts[to] or 0) + 1 end
end
for to, count in pairs(counts) do
  out[#out + 1] = to
  out[#out + 1] = count
end
return out
`;

/**
 * KEYS list. ARGV first, last, a text. Answers the list's length, then of each envelope that holds the text its place from the end
 * that is taken first (1 is next), and the envelope.
 */
const FIND_READY = `
local out = {redis.call('LLEN', KEYS[1])}
local some = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
for i = #some, 1, -1 do
  if string.find(some[i], ARGV[3], 1, true) then
    out[#out + 1] = #some - i - tonumber(ARGV[2])
    out[#out + 1] = some[i]
  end
end
return out
`;

/** KEYS unacked. ARGV cursor, how many, a text. Answers the next cursor, then the records that hold the text. */
const FIND_UNACKED = `
local scan = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local out = {scan[1]}
for i = 2, #scan[2], 2 do
  if string.find(scan[2][i], ARGV[3], 1, true) then out[#out + 1] = scan[2][i] end
end
return out
`;

/** Are these the lists of a queue? Not so when a key is of another kind, or, unless the queue is known, holds what is no envelope. */
const IS_QUEUE = `
local function is_queue(keys, known)
  for i = 1, #keys do
    local kind = redis.call('TYPE', keys[i]).ok
    if kind ~= 'none' then
      if kind ~= 'list' then return false end
      if known ~= '1' then
        local raw = redis.call('LINDEX', keys[i], -1)
        if not (string.find(raw, '^%s*{') and string.find(raw, '"properties"', 1, true) and string.find(raw, '"body"', 1, true)) then
          return false
        end
      end
    end
  end
  return true
end
`;

/** KEYS lists of a queue. ARGV known?, how many envelopes. Answers nil when they are no queue's, else each length, then envelopes, the next first. */
const PEEK = `${IS_QUEUE}
if not is_queue(KEYS, ARGV[1]) then return false end
local out, room = {}, tonumber(ARGV[2])
for i = 1, #KEYS do out[i] = redis.call('LLEN', KEYS[i]) end
for i = 1, #KEYS do
  if room > 0 then
    local some = redis.call('LRANGE', KEYS[i], -room, -1)
    room = room - #some
    for j = #some, 1, -1 do out[#out + 1] = some[j] end
  end
end
return out
`;

/** KEYS lists of a queue. ARGV known?. Answers nil when they are no queue's, else how many messages were removed. */
const PURGE = `${IS_QUEUE}
if not is_queue(KEYS, ARGV[1]) then return false end
local count = 0
for i = 1, #KEYS do count = count + redis.call('LLEN', KEYS[i]) end
redis.call('DEL', unpack(KEYS))
return count
`;

/**
 * KEYS lists of the queue that messages go to, then for each message the list it is in and the one it goes to. ARGV known?, number of
 * lists, then for each message its envelope as it is and as it will be. Answers nil when the lists are no queue's, else 1 or 0 for each
 * message: moved, or no longer there.
 */
const MOVE = `${IS_QUEUE}
local n, targets, out = tonumber(ARGV[2]), {}, {}
for i = 1, n do targets[i] = KEYS[i] end
if not is_queue(targets, ARGV[1]) then return false end
for i = 1, (#KEYS - n) / 2 do
  out[i] = redis.call('LREM', KEYS[n + 2 * i - 1], -1, ARGV[2 * i + 1])
  if out[i] == 1 then redis.call('LPUSH', KEYS[n + 2 * i], ARGV[2 * i + 2]) end
end
return out
`;

export const SCRIPTS = {
  take: TAKE,
  restore: RESTORE,
  renew: RENEW,
  bind: BIND,
  release: RELEASE,
  countUnacked: COUNT_UNACKED,
  findReady: FIND_READY,
  findUnacked: FIND_UNACKED,
  peek: PEEK,
  purge: PURGE,
  move: MOVE,
} as const;

export type ScriptName = keyof typeof SCRIPTS;
