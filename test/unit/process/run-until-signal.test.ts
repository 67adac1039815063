import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runUntilSignal } from '@bg-ingest/process'
import { expect } from 'chai'
import { until } from '../../support/until.ts'

const script = fileURLToPath(new URL('./serving.ts', import.meta.url))

interface Served {
  readonly child: ChildProcess
  readonly said: () => readonly string[]
  readonly complained: () => string
  untilSaid(line: string): Promise<void>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<unknown>
}

function serve(graceMs: number, stops: string): Served {
  const child = spawn(process.execPath, ['--conditions=source', script, String(graceMs), stops], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const said = () => out.trim().split('\n')
  return {
    child,
    said,
    complained: () => err,
    untilSaid: (line) => until(line, () => said().includes(line), 15_000),
    ended: once(child, 'close').then(([code, signal]) => code ?? signal),
  }
}

describe('process: run until signal', () => {
  const started: ChildProcess[] = []
  async function serving(graceMs: number, stops: string): Promise<Served> {
    const served = serve(graceMs, stops)
    started.push(served.child)
    await served.untilSaid('serving')
    return served
  }
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL')
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`stops by ${signal}, and exits with 0`, async () => {
      const { child, ended, said } = await serving(5_000, 'at once')
      child.kill(signal)
      expect(await ended).to.equal(0)
      expect(said()).to.deep.equal(['serving', 'stopping', 'stopped', 'listeners: 0'])
    })

  it('gives work that runs its time, within the grace', async () => {
    const { child, ended, said } = await serving(5_000, 'late, within the grace')
    child.kill('SIGTERM')
    expect(await ended).to.equal(0)
    expect(said()).to.include('stopped').and.not.include.members(['forced: grace over'])
  })

  it('ends by itself where the work does', async () => {
    const { ended, said } = await serving(5_000, 'by itself')
    expect(await ended).to.equal(0)
    expect(said()).to.deep.equal(['serving', 'stopping', 'stopped', 'listeners: 0'])
  })

  it('ends at once by a second signal, of either kind, with 1', async () => {
    const { child, ended, said, untilSaid } = await serving(60_000, 'never')
    child.kill('SIGTERM')
    await untilSaid('stopping')
    child.kill('SIGINT')
    expect(await ended).to.equal(1)
    expect(said()).to.deep.equal(['serving', 'stopping', 'forced: second signal'])
  })

  it('ends by force with 1 where the work outlives the grace and a second', async () => {
    const { child, ended, said } = await serving(100, 'never')
    const startedAt = performance.now()
    child.kill('SIGTERM')
    expect(await ended).to.equal(1)
    expect(performance.now() - startedAt).to.be.at.least(1_000)
    expect(said()).to.deep.equal(['serving', 'stopping', 'forced: grace over'])
  })

  it('does not wait for what is left open once the work has ended, and exits with 0', async () => {
    const { child, ended, said } = await serving(60_000, 'with an open handle')
    child.kill('SIGTERM')
    expect(await ended).to.equal(0)
    expect(said()).to.deep.equal(['serving', 'stopping', 'stopped', 'listeners: 0'])
  })

  for (const [stops, line] of [
    ['by an error', 'uncaught exception: Error ECANARY, caused by TypeError'],
    ['by a rejection', 'unhandled rejection: Error ECANARY, caused by TypeError'],
  ] as const)
    it(`ends with 1 ${stops} that nobody caught, and says names and codes alone`, async () => {
      const { ended, complained } = await serving(60_000, stops)
      expect(await ended).to.equal(1)
      expect(complained()).to.equal(`${line}\n`)
    })

  it('goes on when nobody reads its output any more', async () => {
    const { child, ended } = await serving(5_000, 'and talks')
    child.stdout?.destroy()
    child.stderr?.destroy()
    const alive = await Promise.race([ended, delay(500, 'alive')])
    expect(alive).to.equal('alive')
    child.kill('SIGTERM')
    expect(await ended).to.equal(0)
  })

  it('hands on what the work throws, and leaves no listener', async () => {
    const before = process.listenerCount('SIGTERM')
    const fault = new Error('no table')
    const outcome = await runUntilSignal(() => Promise.reject(fault), { graceMs: 1, onForced: () => undefined }).catch(
      (err: unknown) => err,
    )
    expect(outcome).to.equal(fault)
    expect(process.listenerCount('SIGTERM')).to.equal(before)
  })
})
