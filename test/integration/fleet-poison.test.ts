import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const LOCK_MS = 600
const script = fileURLToPath(new URL('../support/poisoned-worker.ts', import.meta.url))

describe('fleet: a person whose work ends its process', () => {
  let server: LocalRedis
  let bench: QueueBench
  const said: string[] = []
  let supervised = true
  let running: ChildProcess[] = []

  before(async () => {
    server = await startRedis()
    bench = await openQueueBench(server.url)
  })
  after(async () => {
    supervised = false
    for (const child of running) child.kill('SIGKILL')
    await bench.close()
    await server.stop()
  })

  /** A worker that is started anew whenever it dies, as its supervisor would. */
  async function supervise(poisonous: string): Promise<void> {
    while (supervised) {
      const args = [script, server.url, bench.prefix, `${LOCK_MS}`, `${LOCK_MS / 2}`, poisonous]
      const child = spawn(process.execPath, ['--conditions=source', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
      running = [...running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null), child]
      child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.trim().split('\n')))
      await once(child, 'exit')
    }
  }

  it('rests after three starts, and the eleven others, who died with it at first, are served', async () => {
    const users = Array.from({ length: 12 }, aUser)
    const [poisonous = ''] = users
    for (const userId of users) await bench.producer.requestSync({ userId, trigger: 'poll', requestId: 'r' })
    // One process, so that all twelve run side by side when it dies: nobody is spared by luck.
    void supervise(poisonous)
    const count = (line: string) => said.filter((one) => one === line).length
    await until('the poison is found', () => count(`poison ${poisonous}`) > 0, 30_000)
    await until('all others are served', () => users.slice(1).every((user) => count(`done ${user}`) > 0), 10_000)
    expect(count(`start ${poisonous}`), 'starts').to.equal(3)
    expect(said.filter((line) => line.startsWith('poison'))).to.deep.equal([`poison ${poisonous}`])
    const queue = bench.queues['bg-sync']
    await until('the job has failed', async () => (await queue.getFailedCount()) === 1)
    expect(await queue.getJobCountByTypes('active', 'prioritized', 'delayed', 'waiting')).to.equal(0)
  }).timeout(60_000)
})
