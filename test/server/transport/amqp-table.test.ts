// Field tables of AMQP as py-amqp writes and reads them. On a real RabbitMQ: rabbitmq-wire.test.ts; with Python: interop/rabbitmq.test.ts.
import { describe, expect, it } from 'vitest';
import { fromTable, makeReadable, restoreLarge, toTable } from '../../../server/transport/amqp/table.ts';
import { Decimal, PyFloat } from '../../../shared/python-values.ts';

describe('a field table', () => {
  it('holds whole numbers in the two types that RabbitMQ and py-amqp both take for whole numbers', () => {
    expect(toTable({ a: 200, b: -1, c: 2 ** 31 - 1, d: 2 ** 31, e: 5n })).toEqual({
      a: { '!': 'int', value: 200 },
      b: { '!': 'int', value: -1 },
      c: { '!': 'int', value: 2 ** 31 - 1 },
      d: { '!': 'long', value: 2 ** 31 },
      e: { '!': 'long', value: 5n },
    });
    expect(toTable({ f: 2 ** 60, g: -(2n ** 63n), h: 2 ** 63 })).toEqual({
      f: { '!': 'long', value: 2n ** 60n },
      g: { '!': 'long', value: -(2n ** 63n) },
      h: { '!': 'double', value: 2 ** 63 },
    });
    expect(() => toTable({ big: 2n ** 63n })).toThrow(
      /'big' is larger than AMQP's largest whole number: 9223372036854775808/,
    );
  });

  it('holds every other value in the type Python has for it', () => {
    const bytes = new Uint8Array([1, 2]);
    expect(
      toTable({ f: 1.5, g: new PyFloat(2), n: null, u: undefined, l: [undefined, 'x'], b: bytes, t: true }),
    ).toEqual({
      f: { '!': 'double', value: 1.5 },
      g: { '!': 'double', value: 2 },
      n: null,
      l: [null, 'x'],
      b: Buffer.from([1, 2]),
      t: true,
    });
    expect(toTable({ nan: Number.NaN })).toEqual({ nan: { '!': 'double', value: Number.NaN } });
    expect(toTable({ d: new Decimal('1.10'), when: new Date(0) })).toEqual({
      d: '1.10',
      when: '1970-01-01T00:00:00.000Z',
    });
    expect(() => toTable({ f: () => {} })).toThrow(/'f' is a function/);
  });

  it('is read without the marks of types', () => {
    const read = fromTable({
      when: { '!': 'timestamp', value: 1_704_164_645 },
      price: { '!': 'decimal', value: { places: 2, digits: 125 } },
      nested: { deep: [{ '!': 'timestamp', value: 0 }] },
    });
    expect(read).toEqual({
      when: new Date(1_704_164_645_000),
      price: new Decimal('125e-2'),
      nested: { deep: [new Date(0)] },
    });
  });
});

/** A content header frame's payload: content type, and headers of these bytes. */
function contentHeader(fields: Buffer, size = fields.length): Buffer {
  const start = Buffer.alloc(14);
  start.writeUInt16BE(60, 0);
  start.writeUInt16BE(0x8000 | 0x2000 | 0x1000, 12);
  const type = Buffer.from('\x04text');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(size);
  return Buffer.concat([start, type, length, fields, Buffer.from([2])]);
}
const field = (name: string, type: string, value: Buffer) =>
  Buffer.concat([Buffer.from([name.length]), Buffer.from(name + type), value]);
const sized = (content: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};

describe('headers as they come', () => {
  const long = Buffer.alloc(8, 1);

  it('hold whole numbers beyond 2^53 exactly, however deep, and others as they were read', () => {
    const whole = (value: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(value);
      return bytes;
    };
    const list = sized(Buffer.concat([Buffer.from('V'), Buffer.from('l'), whole(-(2n ** 60n) - 1n)]));
    const payload = contentHeader(
      Buffer.concat([
        field('small', 'l', whole(2n ** 53n - 1n)),
        field('least', 'l', whole(-(2n ** 53n))),
        field('text', 'S', sized(Buffer.from('x'))),
        field('big', 'L', whole(2n ** 53n + 1n)),
        field('in', 'F', sized(Buffer.concat([field('list', 'A', list), field('last', 'l', whole(2n ** 63n - 1n))]))),
      ]),
    );
    expect(makeReadable(payload)).toBe(true);
    const headers = { small: 1, least: 2, text: 'x', big: 0, in: { list: [null, 0], last: 0 } };
    restoreLarge(payload, headers);
    expect(headers).toEqual({
      small: 1,
      least: 2,
      text: 'x',
      big: 2n ** 53n + 1n,
      in: { list: [null, -(2n ** 60n) - 1n], last: 2n ** 63n - 1n },
    });
    expect(makeReadable(contentHeader(field('small', 'l', whole(-(2n ** 53n)))))).toBe(false);
  });

  it('that hold a name twice are no trouble', () => {
    const inner = sized(field('n', 'l', Buffer.alloc(8, 0x7f)));
    const payload = contentHeader(Buffer.concat([field('a', 'F', inner), field('a', 't', Buffer.from([1]))]));
    expect(makeReadable(payload)).toBe(true);
    const headers = { a: true };
    restoreLarge(payload, headers);
    expect(headers).toEqual({ a: true });
  });

  it('keep all that can be read, and have py-amqp’s large numbers as RabbitMQ has them, however deep', () => {
    const nested = (type: string) =>
      contentHeader(
        Buffer.concat([
          field('a', 'S', sized(Buffer.from('text'))),
          field('big', type, long),
          field('t', 'F', sized(field('in', 'A', sized(Buffer.concat([Buffer.from(type), long, Buffer.from('V')]))))),
        ]),
      );
    const found = nested('L');
    makeReadable(found);
    expect(found).toEqual(nested('l'));
  });

  it('are taken out when they are broken or of a type nobody knows, and what follows them stays', () => {
    const bare = contentHeader(Buffer.alloc(0));
    for (const [fields, size] of [
      [field('a', '?', long)],
      [field('a', 'S', Buffer.from([0, 0, 1, 0, 65]))],
      [field('a', 'I', Buffer.from([0]))],
      [Buffer.from([200])],
      [field('t', 'F', sized(field('x', '!', long)))],
    ] as [Buffer, number?][]) {
      const found = contentHeader(fields, size);
      makeReadable(found);
      expect(found.subarray(0, bare.length)).toEqual(bare);
    }
  });

  it('are taken out when they are nested too deep, which would end the connection at each delivery', () => {
    const bare = contentHeader(Buffer.alloc(0));
    for (const type of ['F', 'A']) {
      const nested = (levels: number) => {
        // Written from the inside out: a table holds fields of empty names, an array values alone.
        const heads = Array.from({ length: levels }, (_, i) => {
          const head = Buffer.from(`${type === 'F' || i === levels - 1 ? '\0' : ''}${type}....`);
          head.writeUInt32BE(i * (type === 'F' ? 6 : 5), head.length - 4);
          return head;
        });
        return contentHeader(Buffer.concat(heads.reverse()));
      };
      const kept = nested(900);
      makeReadable(kept);
      expect(kept.equals(nested(900))).toBe(true);
      for (const levels of [1100, 20_000]) {
        const found = nested(levels);
        makeReadable(found);
        expect(found.subarray(0, bare.length).equals(bare)).toBe(true);
      }
    }
  });

  it('are left alone when there are none', () => {
    const none = contentHeader(Buffer.alloc(0));
    none.writeUInt16BE(0x8000, 12);
    const found = Buffer.from(none);
    makeReadable(found);
    expect(found).toEqual(none);
  });
});
