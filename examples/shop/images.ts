// Pictures of products: a group of thumbnails and what follows it, a chord. Real work on bytes, some of it for seconds.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { app } from './celery.ts';

const compress = promisify(gzip);

/** Makes one size of a picture. The pixels are made up; shrinking and compressing them is not. */
export const thumbnail = app.task(
  { name: 'images.thumbnail', params: ['sku', 'width'], description: 'One size of a product picture' },
  async (sku: string, width: number) => {
    const pixels = randomBytes(width * 64);
    const small = Buffer.alloc(pixels.length / 4);
    for (let i = 0; i < small.length; i++) {
      small[i] = (pixels[i * 4]! + pixels[i * 4 + 1]! + pixels[i * 4 + 2]! + pixels[i * 4 + 3]!) >> 2;
    }
    const packed = await compress(small);
    await pause(width / 2 + Math.random() * 300);
    return { file: `${sku.toLowerCase()}-${width}.jpg`, bytes: packed.length };
  },
);

/** When all sizes of a picture are there. */
export const publishGallery = app.task(
  { name: 'images.publish_gallery', params: ['files', 'sku'] },
  (files: { file: string; bytes: number }[], sku: string) => ({
    sku,
    pictures: files.map(({ file }) => file),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }),
);

/** A film of a product turning round: slow, and stops when it is told to. */
export const renderTurntable = app.task(
  {
    name: 'images.render_turntable',
    params: ['sku', 'frames'],
    soft_time_limit: 60,
    description: 'A short film of a product turning round (slow)',
  },
  async function (sku: string, frames: number) {
    const film = createHash('sha256');
    for (let frame = 1; frame <= frames; frame++) {
      film.update(randomBytes(4096));
      await pause(150, undefined, { signal: this.signal });
      if (frame % 10 === 0) await this.updateState({ state: 'PROGRESS', meta: { done: frame, of: frames } });
    }
    return { file: `${sku.toLowerCase()}.mp4`, frames, checksum: film.digest('hex').slice(0, 12) };
  },
);
