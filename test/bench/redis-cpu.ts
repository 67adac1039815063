import type { Redis } from 'ioredis'

/** Processor time that a Redis has used since it began, in microseconds. */
export async function redisCpuUs(redis: Redis): Promise<number> {
  const info = await redis.info('cpu')
  const seconds = (name: string) => Number(new RegExp(`^used_cpu_${name}:([\\d.]+)`, 'm').exec(info)?.[1])
  return (seconds('user') + seconds('sys')) * 1e6
}
