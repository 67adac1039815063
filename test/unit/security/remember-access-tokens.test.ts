import { UserId } from '@bg-ingest/domain'
import { rememberAccessTokens, type Vault } from '@bg-ingest/security'
import { expect } from 'chai'

const HOUR_MS = 3_600_000
const [alice, bob] = ['alice', 'bob'].map((id) => UserId.parse(id)) as [UserId, UserId]

describe('access tokens that were opened', () => {
  function aVault() {
    const opened: string[] = []
    let nowMs = 0
    const vault: Vault = {
      seal: async (_userId, _field, plain) => plain,
      async open(userId, field, sealed) {
        opened.push(`${userId} ${field} ${sealed}`)
        if (sealed === 'broken') throw new Error('broken')
        return `${sealed} of ${userId}`
      },
    }
    const advance = (ms: number) => {
      nowMs += ms
    }
    return { remembering: rememberAccessTokens(vault, () => nowMs), opened, advance }
  }

  it('are not opened again within the hour, and are behind it', async () => {
    const { remembering, opened, advance } = aVault()
    for (let n = 0; n < 3; n += 1)
      expect(await remembering.open(alice, 'access_token', 'sealed')).to.equal('sealed of alice')
    expect(opened).to.have.length(1)
    advance(HOUR_MS)
    await remembering.open(alice, 'access_token', 'sealed')
    expect(opened).to.have.length(2)
  })

  it('are known to their own person alone, and by their sealed text', async () => {
    const { remembering } = aVault()
    await remembering.open(alice, 'access_token', 'sealed')
    expect(await remembering.open(bob, 'access_token', 'sealed')).to.equal('sealed of bob')
    expect(await remembering.open(alice, 'access_token', 'renewed')).to.equal('renewed of alice')
  })

  it('are all that is remembered: no refresh token, no code, nothing that did not open', async () => {
    const { remembering, opened } = aVault()
    for (const field of ['refresh_token', 'oauth_code'])
      for (let n = 0; n < 2; n += 1) await remembering.open(alice, field, 'sealed')
    for (let n = 0; n < 2; n += 1) await remembering.open(alice, 'access_token', 'broken').catch(() => undefined)
    expect(opened).to.have.length(6)
  })

  it('are bounded: the oldest goes first', async () => {
    const { remembering, opened } = aVault()
    for (let n = 0; n <= 10_000; n += 1) await remembering.open(alice, 'access_token', `sealed-${n}`)
    await remembering.open(alice, 'access_token', 'sealed-1')
    expect(opened).to.have.length(10_001)
    await remembering.open(alice, 'access_token', 'sealed-0')
    expect(opened).to.have.length(10_002)
  })
})
