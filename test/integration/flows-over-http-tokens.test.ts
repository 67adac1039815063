import { AppError, epochMs } from '@bg-ingest/domain'
import type { Ports } from '@bg-ingest/ingest'
import { expect } from 'chai'
import { type Flows, MINUTE_MS, useFlowsOverHttp } from '../support/flows-over-http.ts'
import { expectCode } from '../support/thrown.ts'
import { ended, tokensOf } from '../support/token-world.ts'
import { HOUR_MS, LEASE_OVER_MS } from '../support/world.ts'

/** Longer than a refresh that nobody saw the end of counts as running. */
const IN_DOUBT_MS = 110_000

describe('grants, through flow, store and wire', function () {
  this.timeout(30_000)
  const { allow, connected } = useFlowsOverHttp({ countFromConnected: true })

  const refreshToken = async ({ ports, world }: Pick<Flows, 'ports' | 'world'>) =>
    ports.vault.open(world.userId, 'refresh_token', (await tokensOf(world)).refresh)

  it('G2, trap 1: a run that stood still and shows a spent token unlinks nobody: the faster one has the grant', async () => {
    const { world, simulator, ports, sync, go, expectTruth } = await connected({
      simulator: { refreshReuse: 'reject-only' },
    })
    allow({ presentationsOfAToken: 2 })
    go(2 * HOUR_MS)
    const { dexcom } = ports
    const slow: Ports = {
      ...ports,
      dexcom: {
        ...dexcom,
        async refresh(region, token) {
          // It stands still until another run has given it up for lost, and has refreshed.
          go(LEASE_OVER_MS + IN_DOUBT_MS)
          await sync()
          return dexcom.refresh(region, token)
        },
      },
    }
    expect(['lease_lost', 'upstream_outcome_unknown']).to.include(AppError.from(await sync(slow).catch((e) => e)).code)
    expect(await world.connection()).to.include({ status: 'connected' })
    expect(ended(world)).to.deep.equal([])
    await sync()
    await expectTruth()
    expect(simulator.manners().spentRefreshTokens).to.equal(1)
  })

  it('G4: a token answer may take longer than a page may', async () => {
    const { ports, client, fault, sync, go, expectTruth } = await connected()
    go(2 * HOUR_MS)
    await fault({ endpoint: 'token', count: 1, action: { kind: 'latency', fixedMs: 900 } })
    await sync({ ...ports, dexcom: client({ data: { connect: 800, response: 800, request: 800 } }) })
    await expectTruth()
  })

  it('G5: an answer without a refresh token keeps the one there is', async () => {
    const { world, ports, fault, sync, go, expectTruth } = await connected()
    const before = await refreshToken({ ports, world })
    go(2 * HOUR_MS)
    await fault({ endpoint: 'token', count: 1, action: { kind: 'token-shape', hasRefreshToken: false } })
    await sync()
    await expectTruth()
    expect(await refreshToken({ ports, world })).to.equal(before)
    expect(await tokensOf(world)).to.include({ version: 2, presentations: 0 })
  })

  for (const [expiresIn, seconds] of [
    ['missing', 7_200],
    ['7200', 7_200],
    [0, 60],
    [-5, 60],
    [1e12, 86_400],
  ] as const)
    it(`G6: expires_in ${expiresIn} is taken for ${seconds} s`, async () => {
      const { world, fault, sync, go } = await connected()
      go(2 * HOUR_MS)
      await fault({ endpoint: 'token', count: 1, action: { kind: 'token-shape', expiresIn } })
      await sync()
      expect(epochMs((await tokensOf(world)).expiresAt) - world.clock.now()).to.equal(seconds * 1000)
    })

  it('trap 4: a token lasts two hours, not seven seconds: 21 polls in 105 minutes refresh nothing', async () => {
    const { sync, go, calls } = await connected()
    for (let i = 0; i < 21; i += 1) {
      await sync()
      go(5 * MINUTE_MS)
    }
    expect(calls('token')).to.equal(0)
  })

  it('G8: a rotated secret stops refreshes and unlinks nobody', async () => {
    const { world, at, ports, client, sync, go, calls, expectTruth } = await connected()
    go(2 * HOUR_MS)
    allow({ presentationsOfAToken: 4 })
    await at.sim('POST', 'rotate-secret', {})
    for (let i = 0; i < 5; i += 1) await expectCode(sync(), 'upstream_misconfigured')
    expect(calls('token'), 'one look, then nobody for five minutes').to.equal(1)
    expect(await world.connection()).to.include({ status: 'connected' })
    // A process with the new secret.
    await sync({ ...ports, dexcom: client() })
    await expectTruth()
    expect(ended(world)).to.deep.equal([])
  })

  it('G10: a new consent while a sync runs waits for it, and its grant wins', async () => {
    const { world, ports, simulator, at, fault, sync, connect, go, expectTruth } = await connected()
    await fault({ endpoint: 'egvs', count: 1, delayMs: 400 })
    const code = await at.code('ada')
    const running = sync()
    await expectCode(
      new Promise((resolve) => setTimeout(resolve, 100)).then(() => world.connect(code, ports)),
      'lease_taken',
    )
    await running
    const { version } = await tokensOf(world)
    await connect()
    expect((await tokensOf(world)).version).to.equal(version + 1)
    go(2 * HOUR_MS)
    await sync()
    await expectTruth()
    expect(simulator.manners().spentRefreshTokens).to.equal(0)
  })

  it('G13, G14: a code is exchanged once, and shown again it harms no connection', async () => {
    const { world, at, ports, sync, calls, expectTruth } = await connected()
    const code = await at.code('ada')
    const redirect = 7
    await world.connect(code, ports, redirect)
    await world.connect(code, ports, redirect)
    expect(calls('token'), 'delivered twice, exchanged once').to.equal(1)
    await expectCode(world.connect(code, ports), 'authorization_failed')
    expect(await world.connection()).to.include({ status: 'connected' })
    await sync()
    await expectTruth()
  })

  it('G17: tokens that cannot be opened make no call, and unlink nobody', async () => {
    const { world, ports, sync, simulator, expectTruth } = await connected()
    const open = () => Promise.reject(new AppError('token_unreadable', 'no such key'))
    await expectCode(sync({ ...ports, vault: { ...ports.vault, open } }), 'token_unreadable')
    expect(simulator.journal.list({})).to.have.length(0)
    expect(await world.connection()).to.deep.include({ status: 'connected' })
    expect((await world.connection())?.problem).to.include({ code: 'key_missing' })
    await sync()
    await expectTruth()
  })

  it('G18, trap 2: a grant is stored behind 20 s without DynamoDB, and though the page then fails', async () => {
    const { world, simulator, ports, fault, heal, sync, go, expectTruth } = await connected()
    go(2 * HOUR_MS)
    const { accounts } = ports
    let puts = 0
    const awayMs = 20_000
    let until = Number.POSITIVE_INFINITY
    const failing: Ports['accounts'] = {
      ...accounts,
      putConnection: (...args) => {
        puts += 1
        if (puts === 2) until = world.clock.now() + awayMs
        const isAway = puts >= 2 && world.clock.now() < until
        return isAway ? Promise.reject(new AppError('service_unavailable', 'away')) : accounts.putConnection(...args)
      },
    }
    await fault({ endpoint: 'egvs', status: 500 })
    const failed = AppError.from(await sync({ ...ports, accounts: failing }).catch((err) => err))
    expect(['upstream_unavailable', 'lease_lost']).to.include(failed.code)
    expect(puts, 'tried until it was stored').to.be.above(2)
    expect(await tokensOf(world)).to.include({ version: 2 })
    await heal()
    go(LEASE_OVER_MS)
    await sync()
    await expectTruth()
    expect(simulator.manners()).to.include({ spentRefreshTokens: 0 })
  })
})
