import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { createVirtualClock, listScenarios, loadScenario, startSimulator } from '@bg-ingest/dexcom-simulator'
import { expect } from 'chai'
import { openStage, playToTheEnd } from '../support/scenario-stage.ts'
import { thrownBy } from '../support/thrown.ts'

const main = path.resolve(import.meta.dirname, '../../packages/dexcom-simulator/src/main.ts')
const run = (...args: string[]) =>
  spawn(process.execPath, ['--conditions=source', main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

describe('dexcom simulator: scenarios', () => {
  it('are 28, numbered through, each under a name of its own', async () => {
    const scenarios = await listScenarios()
    expect(scenarios.map(({ number }) => number)).to.deep.equal(Array.from({ length: 28 }, (_, i) => i + 1))
    expect(new Set(scenarios.map(({ name }) => name)).size).to.equal(28)
  })

  it('happen to the end, each step under its clock, each with its line', async function () {
    this.timeout(60_000)
    for (const { name } of await listScenarios()) {
      const stage = await openStage(name)
      await playToTheEnd(stage)
      expect(stage.lines.map((line) => line.slice(25)).toSorted(), name).to.deep.equal(
        stage.scenario.steps.map(({ say }) => say).toSorted(),
      )
      await stage.stop()
    }
  })

  it('say which of them there are where a name is unknown', async () => {
    for (const name of ['nothing', '../package', '']) {
      expect((await thrownBy(loadScenario(name))).message).to.include('--list')
    }
  })

  it('start with their own clock or with none', async () => {
    const scenario = await loadScenario('twins')
    const clock = createVirtualClock({ startMs: 0 })
    const refusal = await startSimulator({ scenario, clock }).catch((err: unknown) => err)
    expect(refusal).to.be.instanceOf(RangeError)
  })

  it('end with the reason where a step cannot happen', async () => {
    const scenario = await loadScenario('twins')
    const step = { after: 0, clock: 'real', say: 'Nobody leaves.', does: { kind: 'revoke', user: 'nobody' } } as const
    const simulator = await startSimulator({ scenario: { ...scenario, steps: [step] } })
    expect((await thrownBy(simulator.scenarioEnd)).message).to.include('no user "nobody"')
    await simulator.stop()
  })
})

describe('dexcom simulator: scenarios as a program', () => {
  it('are listed', async () => {
    const list = run('--list')
    const lines: string[] = []
    for await (const line of createInterface({ input: list.stdout })) lines.push(line)
    expect(lines).to.have.lengthOf(28)
    expect(lines[0]).to.match(/^S01 {2}late-burst +A phone is offline/)
  })

  it('say what they rehearse, how to point the service at them, and what happens', async () => {
    const child = run('--scenario', 'wrong-region', '--speed', '1')
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (line === 'All steps have happened; Ctrl-C ends it.' || lines.length > 40) break
      if (line.includes('DEXCOM_EU_CLIENT_SECRET')) child.kill('SIGTERM')
    }
    expect(await once(child, 'exit')).to.deep.equal([0, null])
    const text = lines.join('\n')
    expect(text).to.include('Scenario S11 wrong-region').and.to.include('Rehearses: Two regions')
    expect(text).to.match(/export DEXCOM_API_BASE_URL=http:\/\/127\.0\.0\.1:\d+/)
    expect(text).to.match(/export DEXCOM_EU_API_BASE_URL=http:\/\/127\.0\.0\.1:\d+/)
  })

  it('refuse names and options that do not go together', async () => {
    for (const args of [
      ['--scenario', 'nothing'],
      ['--scenario', 'twins', '--users', 'users.json'],
    ]) {
      expect(await once(run(...args), 'exit'), args.join(' ')).to.deep.equal([1, null])
    }
  })
})
