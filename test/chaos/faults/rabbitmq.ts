import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from '../fault.ts'

const fault = (id: string, about: string, play: Fault['play'], more: Partial<Fault> = {}): Fault => ({
  id,
  phase: 'rabbitmq',
  about,
  scene: id,
  play,
  ...more,
})

export const rabbitmq: readonly Fault[] = [
  fault('E2', 'killed, back after 2 s with its file', ({ backends }) => backends.rabbitmq.killFor(2_000), {
    short: true,
  }),
  fault('E3', 'frozen for 8 s', ({ backends }) => backends.rabbitmq.freezeFor(8_000)),
  fault('E3b', 'frozen for 30 s, beyond two heartbeats', ({ backends }) => backends.rabbitmq.freezeFor(30_000)),
  fault('E4', 'memory alarm for 5 s', async ({ backends: { rabbitmq: broker } }) => {
    await broker.control('set_vm_memory_high_watermark', '0.000001')
    await delay(5_000)
    await broker.control('set_vm_memory_high_watermark', '0.4')
  }),
  fault(
    'E11',
    'every connection closed by an operator',
    ({ backends }) => backends.rabbitmq.control('close_all_connections', 'chaos').then(() => undefined),
    { random: true },
  ),
]
