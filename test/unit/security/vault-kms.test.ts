import { AppError, UserId } from '@bg-ingest/domain'
import { createVault } from '@bg-ingest/security'
import { expect } from 'chai'
import { type FakeKms, startFakeKms } from '../../support/fake-kms.ts'

const K1 = { id: 'k1', key: new Uint8Array(32).fill(1) }
const alice = UserId.parse('alice')
const bob = UserId.parse('bob')
const TOKEN = 'RT_CANARY_0123456789abcdef'

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (err: unknown) => (err instanceof AppError ? err.code : String(err)),
  )

describe('vault with KMS', function () {
  this.timeout(20_000)
  let kms: FakeKms
  beforeEach(async () => {
    kms = await startFakeKms()
  })
  afterEach(() => kms.stop())
  const actions = () => kms.asked.map(({ action }) => action)

  it('asks KMS for a data key of its own for every text, bound to the person and the field', async () => {
    const vault = createVault([K1], kms.key)
    const sealed = await Promise.all([
      vault.seal(alice, 'refresh_token', TOKEN),
      vault.seal(alice, 'refresh_token', TOKEN),
      vault.seal(bob, 'refresh_token', TOKEN),
    ])
    expect(new Set(sealed).size).to.equal(3)
    expect(actions()).to.deep.equal(['GenerateDataKey', 'GenerateDataKey', 'GenerateDataKey'])
    expect(kms.asked.map(({ context }) => context.userId).sort()).to.deep.equal(['alice', 'alice', 'bob'])
    expect(kms.asked[0]?.context).to.include({ field: 'refresh_token' })
    expect(Buffer.from(sealed.join(''), 'base64').toString('latin1')).not.to.contain('CANARY')
  })

  it('opens it, and a second time without asking', async () => {
    const vault = createVault([K1], kms.key)
    const sealed = await vault.seal(alice, 'access_token', TOKEN)
    kms.asked.length = 0
    for (let i = 0; i < 3; i += 1) expect(await vault.open(alice, 'access_token', sealed)).to.equal(TOKEN)
    expect(actions()).to.deep.equal(['Decrypt'])
  })

  it("opens no other person's text, also where its key is remembered", async () => {
    const vault = createVault([K1], kms.key)
    const sealed = await vault.seal(alice, 'access_token', TOKEN)
    await vault.open(alice, 'access_token', sealed)
    expect(await codeOf(vault.open(bob, 'access_token', sealed))).to.equal('token_unreadable')
    expect(await codeOf(vault.open(alice, 'refresh_token', sealed))).to.equal('token_unreadable')
  })

  it('remembers no key under another context: an altered header asks KMS, which refuses', async () => {
    const vault = createVault([K1], kms.key)
    const sealed = Buffer.from(await vault.seal(alice, 'access_token', TOKEN), 'base64')
    await vault.open(alice, 'access_token', sealed.toString('base64'))
    const at = sealed.indexOf('alice')
    sealed.write('malle', at)
    kms.asked.length = 0
    expect(await codeOf(vault.open(UserId.parse('malle'), 'access_token', sealed.toString('base64')))).to.equal(
      'token_unreadable',
    )
    expect(actions()).to.deep.equal(['Decrypt'])
  })

  it('opens what the configured keys sealed before, and seals nothing with them any more', async () => {
    const old = await createVault([K1]).seal(alice, 'refresh_token', TOKEN)
    const vault = createVault([K1], kms.key)
    expect(await vault.open(alice, 'refresh_token', old)).to.equal(TOKEN)
    expect(actions()).to.deep.equal([])
    const fresh = await vault.seal(alice, 'refresh_token', TOKEN)
    expect(await codeOf(createVault([K1]).open(alice, 'refresh_token', fresh))).to.equal('token_unreadable')
    expect(await createVault([], kms.key).open(alice, 'refresh_token', fresh)).to.equal(TOKEN)
  })

  it('tells a KMS that is away from a text that cannot be read', async () => {
    const vault = createVault([K1], kms.key)
    const sealed = await vault.seal(alice, 'refresh_token', TOKEN)
    kms.failWith({ status: 503, type: 'KMSInternalException' })
    expect(await codeOf(vault.open(alice, 'refresh_token', sealed))).to.equal('service_unavailable')
    expect(await codeOf(vault.seal(alice, 'refresh_token', TOKEN))).to.equal('service_unavailable')
    kms.failWith({ status: 400, type: 'DisabledException' })
    expect(await codeOf(vault.open(alice, 'refresh_token', sealed))).to.equal('token_unreadable')
    kms.failWith(null)
    expect(await vault.open(alice, 'refresh_token', sealed)).to.equal(TOKEN)
  })

  it('says so where nobody listens', async () => {
    const vault = createVault([K1], kms.key)
    const sealed = await vault.seal(alice, 'refresh_token', TOKEN)
    await kms.stop()
    expect(await codeOf(vault.open(alice, 'refresh_token', sealed))).to.equal('service_unavailable')
    kms = await startFakeKms()
  })

  it('refuses every single changed byte of what KMS wrapped', async () => {
    const vault = createVault([K1], kms.key)
    const sealed = Buffer.from(await vault.seal(alice, 'refresh_token', TOKEN), 'base64')
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await codeOf(vault.open(alice, 'refresh_token', changed.toString('base64'))), `byte ${at}`).to.equal(
        'token_unreadable',
      )
    }
  })
})
