import { AppError, UserId } from '@bg-ingest/domain'
import { createVault } from '@bg-ingest/security'
import { expect } from 'chai'

const key = (id: string, fill: number) => ({ id, key: Buffer.alloc(32, fill) })
const K1 = key('k1', 1)
const K2 = key('k2', 2)
const alice = UserId.parse('alice')
const bob = UserId.parse('bob')
const TOKEN = 'RT_CANARY_0123456789abcdef'

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'opened',
    (err: unknown) => (err instanceof AppError ? err.code : String(err)),
  )

describe('vault', () => {
  it('opens what it sealed, and shows nothing of it', async () => {
    const vault = createVault([K1])
    const sealed = await vault.seal(alice, 'refreshToken', `${TOKEN} ü`)
    expect(sealed).to.match(/^[A-Za-z0-9+/]+=*$/)
    expect(Buffer.from(sealed, 'base64').toString('latin1')).not.to.contain('CANARY')
    expect(await vault.open(alice, 'refreshToken', sealed)).to.equal(`${TOKEN} ü`)
  })

  it('never writes the same twice', async () => {
    const vault = createVault([K1])
    const all = await Promise.all(Array.from({ length: 20 }, () => vault.seal(alice, 'refreshToken', TOKEN)))
    expect(new Set(all).size).to.equal(20)
  })

  it("does not open another person's or another field's text", async () => {
    const vault = createVault([K1])
    const sealed = await vault.seal(alice, 'refreshToken', TOKEN)
    expect(await codeOf(vault.open(bob, 'refreshToken', sealed))).to.equal('token_unreadable')
    expect(await codeOf(vault.open(alice, 'accessToken', sealed))).to.equal('token_unreadable')
  })

  it('refuses every single changed byte', async () => {
    const vault = createVault([K1])
    const sealed = Buffer.from(await vault.seal(alice, 'refreshToken', TOKEN), 'base64')
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await codeOf(vault.open(alice, 'refreshToken', changed.toString('base64'))), `byte ${at}`).to.equal(
        'token_unreadable',
      )
    }
  }).timeout(20_000)

  it('refuses what is cut off, empty or no ciphertext at all', async () => {
    const vault = createVault([K1])
    const sealed = await vault.seal(alice, 'refreshToken', TOKEN)
    for (const broken of ['', 'AAAA', TOKEN, sealed.slice(0, -8)]) {
      expect(await codeOf(vault.open(alice, 'refreshToken', broken))).to.equal('token_unreadable')
    }
  })

  it('rotates: the first key seals, all open, a removed one opens no more', async () => {
    const old = await createVault([K1]).seal(alice, 'refreshToken', TOKEN)
    const rotating = createVault([K2, K1])
    expect(await rotating.open(alice, 'refreshToken', old)).to.equal(TOKEN)
    const fresh = await rotating.seal(alice, 'refreshToken', TOKEN)
    const rotated = createVault([K2])
    expect(await rotated.open(alice, 'refreshToken', fresh)).to.equal(TOKEN)
    expect(await codeOf(rotated.open(alice, 'refreshToken', old))).to.equal('token_unreadable')
  })

  it('does not open with another key of the same id', async () => {
    const sealed = await createVault([K1]).seal(alice, 'refreshToken', TOKEN)
    expect(await codeOf(createVault([key('k1', 9)]).open(alice, 'refreshToken', sealed))).to.equal('token_unreadable')
  })

  it('cannot be made without a key', () => {
    expect(() => createVault([])).to.throw('no encryption key')
  })
})
