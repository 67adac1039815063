import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { HAS_PROC, processesIn } from '../support/processes.ts'
import { until } from '../support/until.ts'

const MAIN = fileURLToPath(new URL('../../packages/local-stack/src/main.ts', import.meta.url))
const START_MS = 90_000
const GONE_MS = 10_000

describe('local stack as a command', () => {
  let root: string
  let main: ChildProcess | undefined

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'local-stack-test-'))
  })

  afterEach(async () => {
    main?.kill('SIGKILL')
    await until('all gone', async () => (await processesIn(root)).length === 0, GONE_MS)
    await rm(root, { recursive: true, force: true })
  })

  function run(...args: readonly string[]): { readonly process: ChildProcess; readonly printed: () => string } {
    // The broker's address is never called: it saves its start, which other tests pay for.
    const env = { PATH: process.env.PATH, TMPDIR: root, RABBITMQ_URL: 'amqp://127.0.0.1:1' }
    const started = spawn(process.execPath, ['--conditions=source', MAIN, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    main = started
    let printed = ''
    started.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8')
    })
    return { process: started, printed: () => printed }
  }

  it('explains itself and starts nothing', async () => {
    const { process: help, printed } = run('--help')
    expect(await once(help, 'close')).to.deep.equal([0, null])
    expect(printed()).to.include('Ctrl-C')
    expect(await readdir(root)).to.deep.equal([])
  }).timeout(START_MS)

  it('prints what to paste, and ends everything on SIGINT', async () => {
    const { process: stack, printed } = run()
    await until('the environment is printed', () => printed().includes('DYNAMODB_ENDPOINT='), START_MS)
    expect(printed()).to.match(/^export REDIS_URL='redis:\/\/127\.0\.0\.1:\d+'$/m)
    // Set already, and perhaps with a password in it.
    expect(printed()).to.not.include('RABBITMQ_URL')
    if (HAS_PROC) expect(await processesIn(root)).to.have.length(3)
    stack.kill('SIGINT')
    expect(await once(stack, 'exit')).to.deep.equal([0, null])
    expect(await processesIn(root)).to.deep.equal([])
    expect(await readdir(root)).to.deep.equal([])
  }).timeout(START_MS)

  // The kernel's parent-death signal is Linux only.
  if (HAS_PROC) {
    it('takes its backends with it even when it is killed', async () => {
      const { process: stack, printed } = run()
      await until('the environment is printed', () => printed().includes('DYNAMODB_ENDPOINT='), START_MS)
      stack.kill('SIGKILL')
      await until('all gone', async () => (await processesIn(root)).length === 0, GONE_MS)
    }).timeout(START_MS)
  }
})
