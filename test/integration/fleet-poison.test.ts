import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { UserId } from '@bg-ingest/domain'
import { expect } from 'chai'
import { aUser, openQueueBench, type QueueBench } from '../support/queue-bench.ts'
import { type LocalRedis, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const LOCK_MS = 600
/** One more than a job had before it counted as poison without proof. */
const KILLS = 4
const script = (name: string) => fileURLToPath(new URL(`../support/${name}.ts`, import.meta.url))

describe('fleet: a person whose work ends its process', function () {
  this.timeout(90_000)
  let server: LocalRedis
  let bench: QueueBench
  let said: string[]
  let over: AbortController
  let ended: Promise<void>
  let running: ChildProcess | null

  before(async () => {
    server = await startRedis()
  })
  after(() => server.stop())
  beforeEach(async () => {
    said = []
    over = new AbortController()
    running = null
    bench = await openQueueBench(server.url)
  })
  afterEach(async () => {
    over.abort()
    running?.kill('SIGKILL')
    await ended
    await bench.close()
  })

  const count = (line: string) => said.filter((one) => one === line).length

  /** A worker that is started anew whenever it dies, as its supervisor would; `hear` is told of what it says. */
  async function supervise(poisonous: string, hear: (line: string) => void = () => undefined): Promise<void> {
    while (!over.signal.aborted) {
      const timing = [`${LOCK_MS}`, `${LOCK_MS / 2}`]
      const args = [script('poisoned-worker'), server.url, bench.prefix, ...timing, poisonous, script('poisoned-alone')]
      const child = spawn(process.execPath, ['--conditions=source', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
      running = child
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.trim().split('\n')) {
          said.push(line)
          hear(line)
        }
      })
      await once(child, 'exit')
    }
  }

  it('rests after three starts, and the eleven others, who died with it at first, are served', async () => {
    const users = Array.from({ length: 12 }, aUser)
    const [poisonous = ''] = users
    for (const userId of users) await bench.producer.requestSync({ userId, trigger: 'poll', requestId: 'r' })
    // One process, so that all twelve run side by side when it dies: nobody is spared by luck.
    ended = supervise(poisonous)
    await until('the poison is found', () => count(`poison ${poisonous}`) > 0, 30_000)
    await until('all others are served', () => users.slice(1).every((user) => count(`done ${user}`) > 0), 15_000)
    expect(count(`start ${poisonous}`), 'starts').to.equal(3)
    expect(said.filter((line) => line.startsWith('poison'))).to.deep.equal([`poison ${poisonous}`])
    const queue = bench.queues['bg-sync']
    await until('the job has failed', async () => (await queue.getFailedCount()) === 1)
    expect(await queue.getJobCountByTypes('active', 'prioritized', 'delayed', 'waiting')).to.equal(0)
  })

  it('is not taken for one who merely runs whenever a worker is killed, however often (A19)', async () => {
    const innocent = UserId.parse('a-slow-one')
    await bench.producer.requestSync({ userId: innocent, trigger: 'poll', requestId: 'r' })
    let deaths = 0
    ended = supervise('nobody', (line) => {
      if (line !== `start ${innocent}` || deaths >= KILLS) return
      deaths += 1
      running?.kill('SIGKILL')
    })
    await until('they are served at last', () => count(`done ${innocent}`) > 0, 60_000)
    expect([deaths, said.filter((line) => line.startsWith('poison'))]).to.deep.equal([KILLS, []])
    expect(count('alone'), 'from the third start on').to.be.at.least(KILLS - 1)
    expect(await bench.queues['bg-sync'].getFailedCount()).to.equal(0)
  })
})
