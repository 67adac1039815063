import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import type { Fault } from '../fault.ts'
import { OBSERVER } from '../hear-durably.ts'
import type { ChaosStage } from '../stage.ts'

const fault = (id: string, about: string, play: Fault['play'], more: Partial<Fault> = {}): Fault => ({
  id,
  phase: 'rabbitmq',
  about,
  scene: id,
  play,
  ...more,
})

/** Queues of the exchange and what they want of it, as the broker tells. */
async function bindingsOf({ backends: { rabbitmq: broker } }: ChaosStage) {
  const told = await broker.control('list_bindings', 'source_name', 'destination_name', 'routing_key')
  const rows = told.split('\n').map((row) => row.split('\t'))
  return rows.flatMap(([source, queue, pattern]) =>
    source === OBSERVER.exchange && queue !== undefined && pattern !== undefined ? [{ queue, pattern }] : [],
  )
}

/** Messages that come meanwhile are wanted by no queue, and the broker says so. */
async function unbound(stage: ChaosStage, ms: number): Promise<void> {
  const bindings = await bindingsOf(stage)
  if (bindings.length === 0) throw new Error('no queue is bound')
  const connection = await connect(stage.backends.rabbitmq.url)
  try {
    const channel = await connection.createChannel()
    for (const { queue, pattern } of bindings) await channel.unbindQueue(queue, OBSERVER.exchange, pattern)
    await delay(ms)
    for (const { queue, pattern } of bindings) await channel.bindQueue(queue, OBSERVER.exchange, pattern)
    await channel.close()
  } finally {
    await connection.close()
  }
}

export const rabbitmq: readonly Fault[] = [
  fault('E2', 'killed, back after 2 s with its file', ({ backends }) => backends.rabbitmq.killFor(2_000), {
    short: 'beside the others',
  }),
  fault('E3', 'frozen for 8 s', ({ backends }) => backends.rabbitmq.freezeFor(8_000)),
  fault('E3b', 'frozen for 30 s, beyond two heartbeats', ({ backends }) => backends.rabbitmq.freezeFor(30_000)),
  fault('E4', 'memory alarm for 5 s', async ({ backends: { rabbitmq: broker } }) => {
    await broker.control('set_vm_memory_high_watermark', '0.000001')
    await delay(5_000)
    await broker.control('set_vm_memory_high_watermark', '0.4')
  }),
  fault('E6', 'no queue bound for 8 s', (stage) => unbound(stage, 8_000)),
  fault(
    'E11',
    'every connection closed by an operator',
    ({ backends }) => backends.rabbitmq.control('close_all_connections', 'chaos').then(() => undefined),
    { random: true },
  ),
]
