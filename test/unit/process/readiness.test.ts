import { createReadiness, type Dependency } from '@bg-ingest/process'
import { expect } from 'chai'
import { aClock } from '../../support/clock.ts'

const up = async () => undefined
const down = async () => {
  throw new Error('away')
}
const hangs = () => new Promise<never>(() => undefined)
const needs = (name: string, check: Dependency['check']): Dependency => ({ name, required: true, check })
const likes = (name: string, check: Dependency['check']): Dependency => ({ name, required: false, check })

describe('process: readiness', () => {
  const ask = (...dependencies: readonly Dependency[]) => createReadiness(dependencies, aClock().monotonic)()

  it('is ready where everything answers, also where there is nothing to ask', async () => {
    expect(await ask(needs('dynamodb', up), likes('redis', up))).to.deep.equal({
      ready: true,
      missing: [],
      degraded: [],
    })
    expect(await ask()).to.deep.equal({ ready: true, missing: [], degraded: [] })
  })

  it('is degraded without what it merely likes, and not ready without what it needs', async () => {
    expect(await ask(needs('dynamodb', up), likes('redis', down))).to.deep.equal({
      ready: true,
      missing: [],
      degraded: ['redis'],
    })
    expect(await ask(needs('redis', down), needs('dynamodb', down), likes('rabbitmq', down))).to.deep.equal({
      ready: false,
      missing: ['redis', 'dynamodb'],
      degraded: ['rabbitmq'],
    })
  })

  it('takes a check that throws at once for one that fails', async () => {
    const throws = () => {
      throw new Error('closed')
    }
    expect((await ask(needs('redis', throws))).missing).to.deep.equal(['redis'])
  })

  it('waits a second for all of them together, not for each', async () => {
    const startedAt = performance.now()
    const { missing, degraded } = await ask(needs('a', hangs), needs('b', hangs), likes('c', hangs), needs('d', up))
    expect([missing, degraded]).to.deep.equal([['a', 'b'], ['c']])
    expect(performance.now() - startedAt).to.be.within(900, 1900)
  })

  it('asks once a second, whoever asks it meanwhile', async () => {
    const clock = aClock()
    let asked = 0
    let answer: () => Promise<unknown> = up
    const check = () => {
      asked += 1
      return answer()
    }
    const readiness = createReadiness([needs('redis', check)], clock.monotonic)
    await Promise.all([readiness(), readiness(), readiness()])
    answer = down
    clock.advance(1000)
    expect((await readiness()).ready).to.equal(true)
    expect(asked).to.equal(1)
    clock.advance(1)
    expect((await readiness()).ready).to.equal(false)
    expect(asked).to.equal(2)
    answer = up
    clock.advance(1001)
    expect((await readiness()).ready).to.equal(true)
  })
})
