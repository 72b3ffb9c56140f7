// Looking at a Redis server beside those that are measured, on a connection for that alone.
import { Redis } from 'ioredis';

export async function asking<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
