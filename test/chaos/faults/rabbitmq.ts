import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import { metricOfAll } from '../../support/e2e-metrics.ts'
import type { ListeningApp } from '../../support/e2e-process.ts'
import { runRepublish } from '../../support/e2e-republish.ts'
import { isAlive } from '../../support/processes.ts'
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

const RETURNED = 'bg_events_published_total{type="io.bg-ingest.readings.changed.v1",outcome="returned"}'
/** A range bears the time at which it was claimed, which is before it is published. */
const CLAIMED_BEFORE_MS = 5_000

/**
 * What no queue wants counts as told (docs/adr/0016): the service says how much that was, and an operator has it told anew
 * before anything else is.
 */
async function unbound(stage: ChaosStage, ms: number): Promise<void> {
  const { system, people, backends } = stage
  const returned = () => metricOfAll(aliveOf(system.workers), RETURNED)
  const bindings = await bindingsOf(stage)
  if (bindings.length === 0) throw new Error('no queue is bound')
  const since = new Date(Date.now() - CLAIMED_BEFORE_MS).toISOString()
  const before = await returned()
  const connection = await connect(backends.rabbitmq.url)
  try {
    const channel = await connection.createChannel()
    for (const { queue, pattern } of bindings) await channel.unbindQueue(queue, OBSERVER.exchange, pattern)
    await delay(ms)
    await endNews(stage)
    const count = (await returned()) - before
    stage.note(`${count} messages were returned`)
    if (count <= 0) throw new Error('I3 no message counts as returned although no queue was bound')
    for (const { queue, pattern } of bindings) await channel.bindQueue(queue, OBSERVER.exchange, pattern)
    await channel.close()
  } finally {
    await connection.close()
  }
  for (const { person } of people) {
    const { code, stderr } = await runRepublish(system.variables, '--user', person.userId, '--from', since)
    if (code !== 0) throw new Error(`the operator could not republish: ${code}, ${stderr}`)
  }
}

const aliveOf = (apps: readonly ListeningApp[]) => apps.filter(({ pid }) => isAlive(pid))

/** Stops the data and has all of them fetched, one person after the other: in a crowd fingersticks are left for later. */
async function endNews({ system, people }: ChaosStage): Promise<void> {
  system.simulator.clock.setSpeed(0)
  for (const { person } of people) {
    const { json } = await person.call('POST', '/sync', { headers: { prefer: 'wait=20' } })
    if (json?.status !== 'completed') throw new Error(`a sync that was waited for is ${json?.status}`)
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
  fault('E6', 'no queue bound for 8 s, then republished', (stage) => unbound(stage, 8_000)),
  fault(
    'E11',
    'every connection closed by an operator',
    ({ backends }) => backends.rabbitmq.control('close_all_connections', 'chaos').then(() => undefined),
    { random: true },
  ),
]
