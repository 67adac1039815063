import { randomUUID } from 'node:crypto'
import { UserId } from '@bg-ingest/domain'
import { firstJobId, followUpOf, isJobId, predecessorOf, userKey } from '@bg-ingest/queue'
import { expect } from 'chai'

describe('queue: ids', () => {
  it('names the run that follows, and the one before it', () => {
    const chain = randomUUID()
    expect(followUpOf(firstJobId(chain))).to.equal(`${chain}_1`)
    expect(followUpOf(`${chain}_9`)).to.equal(`${chain}_10`)
    expect(predecessorOf(`${chain}_10`)).to.equal(`${chain}_9`)
    expect(predecessorOf(firstJobId(chain))).to.equal(null)
  })

  for (const text of [
    '',
    'wait',
    '12',
    'repeat:a:1',
    'a_b',
    'a_01',
    'a_-1',
    '../a_1',
    'a:b_1',
    `${'a'.repeat(65)}_1`,
  ]) {
    it(`takes "${text.slice(0, 12)}" for no id of ours`, () => {
      expect(isJobId(text)).to.equal(false)
      expect(followUpOf(text)).to.equal(null)
      expect(predecessorOf(text)).to.equal(null)
    })
  }

  it('keys users without the characters that BullMQ refuses, and apart', () => {
    const keys = ['a:b', 'a|b', 'a@b', 'a', '12'].flatMap((id) => {
      const userId = UserId.parse(id)
      return [userKey(userId), userKey(userId, 'sync'), userKey(userId, 'sync', 'x'), userKey(userId, 'poll')]
    })
    for (const key of keys) expect(key).to.match(/^[A-Za-z0-9_-]{22}$/)
    expect(new Set(keys).size).to.equal(keys.length)
  })
})
