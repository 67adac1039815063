import { expect } from 'chai'
import { MINUTE_MS, useFlowsOverHttp } from '../support/flows-over-http.ts'
import { expectCode } from '../support/thrown.ts'
import { ended } from '../support/token-world.ts'
import { HOUR_MS } from '../support/world.ts'

describe('what Dexcom refuses, through flow, store and wire', function () {
  this.timeout(30_000)
  const { allow, connected, opened } = useFlowsOverHttp({ countFromConnected: true })

  it('F1: one 401 costs one refresh and one repeat, and the page is there', async () => {
    const { fault, sync, calls, expectTruth } = await connected()
    await fault({ endpoint: 'egvs', count: 1, status: 401 })
    await sync()
    expect([calls('egvs'), calls('token')]).to.deep.equal([2, 1])
    await expectTruth()
  })

  it('F1, trap 17: 401 for ever is no loop: five spaced tries, then one event and silence', async () => {
    const { world, fault, sync, go, calls } = await connected()
    await fault({ endpoint: 'egvs', status: 401 })
    for (const pause of [15, 60, 240, 720]) {
      await expectCode(sync(), 'upstream_unauthorized')
      const before = [calls('egvs'), calls('token')]
      go((pause - 1) * MINUTE_MS)
      await expectCode(sync(), 'upstream_unauthorized')
      expect([calls('egvs'), calls('token')], 'nobody is asked meanwhile').to.deep.equal(before)
      go(MINUTE_MS)
    }
    await expectCode(sync(), 'needs_reauth')
    expect(calls('egvs')).to.be.at.most(10)
    expect(calls('token')).to.be.at.most(5)
    const before = [calls('egvs'), calls('token')]
    await expectCode(sync(), 'needs_reauth')
    expect([calls('egvs'), calls('token')]).to.deep.equal(before)
    expect(ended(world)).to.deep.equal(['unauthorized'])
  })

  for (const status of [403, 404])
    it(`F2, trap 17: ${status} on sensor readings costs no refresh`, async () => {
      const { fault, heal, sync, calls, expectTruth, world } = await connected()
      await fault({ endpoint: 'egvs', status })
      const code = 'upstream_not_offered'
      for (let i = 0; i < 3; i += 1) await expectCode(sync(), code)
      expect([calls('egvs'), calls('token')]).to.deep.equal([3, 0])
      expect((await world.connection())?.problem?.code).to.equal('consent_missing')
      await heal()
      await sync()
      await expectTruth()
      expect((await world.connection())?.problem).to.equal(null)
    })

  it('F2: 403 on fingersticks and calibrations leaves the sensor readings alone', async () => {
    const { fault, sync, calls, world, expectTruth } = await connected()
    for (const endpoint of ['events', 'calibrations']) await fault({ endpoint, status: 403 })
    await sync()
    expect(calls('token')).to.equal(0)
    expect((await world.connection())?.problem).to.equal(null)
    await expectTruth()
  })

  it('F21, trap 15: an account of another region is refused for good, and no other host is asked', async () => {
    const eu = { clientId: 'eu-client', clientSecret: 'eu-secret' }
    const users = [{ name: 'elena', kind: 'generated', profile: 'quiet', historyDays: 0.1 }] as const
    const flows = await opened({ simulator: { regions: [{ name: 'eu', applications: [eu], users }] } })
    const { at, world, ports, simulator, connect, sync, expectTruth } = flows
    const abroad = simulator.regions.get('eu')?.baseUrl ?? ''
    expect((await at.login({ __user: 'elena' })).status, 'nobody here knows her').to.equal(400)
    const asked = () => simulator.journal.list({}).filter(({ region }) => region === 'eu').length
    await expectCode(world.connect('a-code-of-eu', ports), 'authorization_failed')
    expect([await world.connection(), asked()]).to.deep.equal([null, 0])
    await connect()
    // Our application is not known over there: that is our configuration, and unlinks nobody.
    flows.go(2 * HOUR_MS)
    const lost = { ...ports, dexcom: flows.client({ baseUrl: abroad }) }
    await expectCode(sync(lost), 'upstream_misconfigured')
    expect(await world.connection()).to.include({ status: 'connected' })
    allow({ presentationsOfAToken: 2 })
    await sync()
    await expectTruth()
  })

  it('G1, trap 3: invalid_grant ends it: one event, no further call, history stays', async () => {
    const { world, fault, sync, go, calls, held } = await connected()
    await sync()
    const before = await held()
    go(2 * HOUR_MS)
    await fault({ endpoint: 'token', count: 1, action: { kind: 'token-error', error: 'invalid_grant' } })
    await expectCode(sync(), 'needs_reauth')
    const asked = [calls('egvs'), calls('token')]
    for (let i = 0; i < 3; i += 1) await expectCode(sync(), 'needs_reauth')
    expect([calls('egvs'), calls('token')]).to.deep.equal(asked)
    expect(ended(world)).to.deep.equal(['invalid_grant'])
    expect(await held()).to.deep.equal(before)
  })

  it('G1: a changed password is the same, and a new consent goes on', async () => {
    const { world, at, sync, connect, expectTruth } = await connected()
    await sync()
    await at.sim('POST', 'change-password', { user: 'ada' })
    await expectCode(sync(), 'needs_reauth')
    await connect()
    await sync()
    await expectTruth()
    expect(ended(world)).to.have.length(1)
  })
})
