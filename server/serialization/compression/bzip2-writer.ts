// Writes bzip2: runs, Burrows-Wheeler transform, move to front, Huffman. One Huffman table serves a whole block (the format wants two:
// they are equal), so that its output is a little larger than that of the reference.
// Reading: bzip2.ts.
// Holds: any body is written, in time that grows with n log n, whatever repeats in it.
// bzip2 1.0.8: compress.c, huffman.c (the format; there is no standard of it)

/** A block of level 1, with room for the last run: sorting stays within what a processor holds at hand. @unit bytes */
const BLOCK = 100_000 - 20;
const GROUP = 50;
const MAX_CODE = 17;
const [RUN_A, RUN_B] = [0, 1];

export function writeBzip2(body: Uint8Array): Uint8Array {
  const out = new BitWriter(body.length);
  for (const char of 'BZh1') out.bits(8, char.charCodeAt(0));
  let total = 0;
  for (let from = 0; from < body.length; ) {
    const { block, to, crc } = runs(body, from);
    total = ((total << 1) | (total >>> 31)) ^ crc;
    writeBlock(out, block, crc);
    from = to;
  }
  out.bits(24, 0x177245);
  out.bits(24, 0x385090);
  out.long(total);
  return out.end();
}

/** Four equal bytes are followed by how many more there are. */
function runs(body: Uint8Array, from: number): { block: Uint8Array; to: number; crc: number } {
  const block = new Uint8Array(Math.min(BLOCK + 5, 5 * Math.ceil((body.length - from) / 4) + 5));
  let size = 0;
  let crc = 0xffffffff;
  let at = from;
  while (at < body.length && size < BLOCK) {
    const byte = body[at]!;
    let run = 1;
    while (run < 255 && body[at + run] === byte) run++;
    at += run;
    for (let i = 0; i < run; i++) crc = (crc << 8) ^ CRC[(crc >>> 24) ^ byte]!;
    for (let i = 0; i < Math.min(run, 4); i++) block[size++] = byte;
    if (run >= 4) block[size++] = run - 4;
  }
  return { block: block.subarray(0, size), to: at, crc: ~crc };
}

const CRC = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let i = 0; i < 8; i++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function writeBlock(out: BitWriter, block: Uint8Array, crc: number): void {
  const { last, origin } = transform(block);
  out.bits(24, 0x314159);
  out.bits(24, 0x265359);
  out.long(crc);
  out.bits(1, 0);
  out.bits(24, origin);
  const used = usedBytes(block);
  writeUsed(out, used);
  const { symbols, count } = moveToFront(last, used);
  const size = used.length + 2;
  const frequencies = new Uint32Array(size);
  for (let i = 0; i < count; i++) frequencies[symbols[i]!]!++;
  const lengths = codeLengths(frequencies);
  const groups = Math.ceil(count / GROUP);
  out.bits(3, 2);
  out.bits(15, groups);
  for (let i = 0; i < groups; i++) out.bits(1, 0);
  writeTable(out, lengths);
  writeTable(out, lengths);
  const codes = codesOf(lengths);
  for (let i = 0; i < count; i++) out.bits(lengths[symbols[i]!]!, codes[symbols[i]!]!);
}

/** The last column of the sorted rotations. Sorted by prefixes of doubled length; equal rotations may lie in any order. */
function transform(block: Uint8Array): { last: Uint8Array; origin: number } {
  const n = block.length;
  let order = new Int32Array(n);
  let next = new Int32Array(n);
  let rank = Int32Array.from(block);
  let newRank = new Int32Array(n);
  const counts = new Int32Array(Math.max(257, n + 1));
  const sortByRank = (from: Int32Array, to: Int32Array, classes: number) => {
    counts.fill(0, 0, classes + 1);
    for (let i = 0; i < n; i++) counts[rank[i]! + 1]!++;
    for (let c = 1; c <= classes; c++) counts[c]! += counts[c - 1]!;
    for (let i = 0; i < n; i++) to[counts[rank[from[i]!]!]!++] = from[i]!;
  };
  for (let i = 0; i < n; i++) next[i] = i;
  sortByRank(next, order, 256);
  let classes = 256;
  for (let length = 0; ; length = length === 0 ? 1 : 2 * length) {
    if (length > 0) {
      for (let i = 0; i < n; i++) {
        const at = order[i]! - length;
        next[i] = at < 0 ? at + n : at;
      }
      sortByRank(next, order, classes);
    }
    let found = 0;
    for (let i = 0; i < n; i++) {
      if (i > 0) {
        const [a, b] = [order[i]!, order[i - 1]!];
        if (rank[a] !== rank[b] || (length > 0 && rank[(a + length) % n] !== rank[(b + length) % n])) found++;
      }
      newRank[order[i]!] = found;
    }
    [rank, newRank] = [newRank, rank];
    classes = found + 1;
    if (classes === n || 2 * length >= n) break;
  }
  const last = new Uint8Array(n);
  let origin = 0;
  for (let i = 0; i < n; i++) {
    const at = order[i]!;
    if (at === 0) origin = i;
    last[i] = block[at === 0 ? n - 1 : at - 1]!;
  }
  [order, next] = [next, order];
  return { last, origin };
}

function usedBytes(block: Uint8Array): number[] {
  const seen = new Uint8Array(256);
  for (const byte of block) seen[byte] = 1;
  return [...seen.keys()].filter((byte) => seen[byte] === 1);
}

/** Sixteen ranges of sixteen. */
function writeUsed(out: BitWriter, used: readonly number[]): void {
  const maps = new Uint16Array(16);
  let ranges = 0;
  for (const byte of used) {
    maps[byte >> 4]! |= 0x8000 >> (byte & 15);
    ranges |= 0x8000 >> (byte >> 4);
  }
  out.bits(16, ranges);
  for (const map of maps) if (map !== 0) out.bits(16, map);
}

/** Places in a list whose last asked stands first; runs of zeros as numbers of RUN_A and RUN_B. */
function moveToFront(last: Uint8Array, used: readonly number[]): { symbols: Uint16Array; count: number } {
  const list = Uint8Array.from(used);
  const symbols = new Uint16Array(last.length + 1);
  let count = 0;
  let zeros = 0;
  const endRun = () => {
    for (; zeros > 0; zeros = (zeros - 1) >> 1) symbols[count++] = zeros & 1 ? RUN_A : RUN_B;
  };
  for (const byte of last) {
    if (list[0] === byte) {
      zeros++;
      continue;
    }
    endRun();
    const place = list.indexOf(byte);
    list.copyWithin(1, 0, place);
    list[0] = byte;
    symbols[count++] = place + 1;
  }
  endRun();
  symbols[count++] = used.length + 1;
  return { symbols, count };
}

/** Huffman's lengths, none longer than MAX_CODE: counts are halved until that is so. */
function codeLengths(frequencies: Uint32Array): Uint8Array {
  const size = frequencies.length;
  let weights = Array.from(frequencies, (count) => Math.max(1, count));
  for (;;) {
    const parents = new Int32Array(2 * size);
    const nodes = weights.map((weight, node) => ({ weight, node })).sort((a, b) => a.weight - b.weight);
    // Two queues: leaves by weight, and inner nodes, which come in order of theirs.
    const inner: { weight: number; node: number }[] = [];
    let [leaf, taken] = [0, 0];
    const take = () => {
      const [a, b] = [nodes[leaf], inner[taken]];
      if (b === undefined || (a !== undefined && a.weight <= b.weight)) {
        leaf++;
        return a!;
      }
      taken++;
      return b;
    };
    for (let node = size; node < 2 * size - 1; node++) {
      const [a, b] = [take(), take()];
      parents[a.node] = node;
      parents[b.node] = node;
      inner.push({ weight: a.weight + b.weight, node });
    }
    const depths = new Uint8Array(2 * size);
    for (let node = 2 * size - 3; node >= 0; node--) depths[node] = depths[parents[node]!]! + 1;
    const lengths = depths.subarray(0, size);
    if (Math.max(...lengths) <= MAX_CODE) return lengths;
    weights = weights.map((weight) => (weight >> 1) + 1);
  }
}

/** Shorter codes first, and of one length by their symbols. */
function codesOf(lengths: Uint8Array): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let code = 0;
  for (let length = 1; length <= MAX_CODE; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] === length) codes[symbol] = code++;
    code <<= 1;
  }
  return codes;
}

/** Each length as steps from the one before. */
function writeTable(out: BitWriter, lengths: Uint8Array): void {
  let length = lengths[0]!;
  out.bits(5, length);
  for (const wanted of lengths) {
    for (; length < wanted; length++) out.bits(2, 2);
    for (; length > wanted; length--) out.bits(2, 3);
    out.bits(1, 0);
  }
}

class BitWriter {
  #bytes: Buffer;
  #length = 0;
  #held = 0;
  #count = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size + 1024);
  }

  /** At most 24 at once. */
  bits(count: number, value: number): void {
    this.#held = (this.#held << count) | value;
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      this.#byte((this.#held >>> this.#count) & 0xff);
    }
    this.#held &= (1 << this.#count) - 1;
  }

  long(value: number): void {
    this.bits(16, value >>> 16);
    this.bits(16, value & 0xffff);
  }

  end(): Uint8Array {
    if (this.#count > 0) this.bits(8 - this.#count, 0);
    return this.#bytes.subarray(0, this.#length);
  }

  #byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length);
    this.#bytes[this.#length++] = byte;
  }
}
