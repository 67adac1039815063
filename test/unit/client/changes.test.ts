import { expect } from 'chai'
import { json, refusalOf, scripted } from './scripted-fetch.ts'

const page = (after: number, through: number, latestSequence: number, sequences: readonly number[] = []) =>
  json({
    userId: 'alice',
    after,
    through,
    latestSequence,
    more: through < latestSequence,
    changes: sequences.map((sequence) => ({ sequence, kind: 'created', reading: { id: String(sequence) } })),
  })

const taken = async (pages: readonly Response[]) => {
  const { client, sent } = scripted(pages)
  const ranges: number[][] = []
  const end = (async () => {
    for await (const { after, through } of client.changes('alice')) ranges.push([after, through])
  })()
  return { end, ranges, sent }
}

describe('client: what a run through the changes proves', () => {
  it('goes on from where each page ended, also where later changes superseded all of it', async () => {
    const { end, ranges, sent } = await taken([page(0, 3, 9, [1, 3]), page(3, 5, 9), page(5, 9, 9, [6, 9])])
    await end
    expect(ranges).to.deep.equal([
      [0, 3],
      [3, 5],
      [5, 9],
    ])
    expect(sent.map(({ url }) => url.searchParams.get('after'))).to.deep.equal(['0', '3', '5'])
  })

  const broken: Readonly<Record<string, Response>> = {
    'begins elsewhere': page(4, 6, 9, [5]),
    'begins before': page(2, 6, 9, [5]),
    'does not move': page(3, 3, 9),
    'goes back': page(3, 2, 9),
    'tells what lies before it': page(3, 6, 9, [3, 5]),
    'tells what lies behind it': page(3, 6, 9, [5, 7]),
    'tells out of order': page(3, 6, 9, [6, 5]),
    'tells a change twice': page(3, 6, 9, [5, 5]),
    'ends behind the newest': page(3, 10, 9, [5]),
  }
  for (const [what, second] of Object.entries(broken))
    it(`stops at a page that ${what}`, async () => {
      const { end, ranges, sent } = await taken([page(0, 3, 9, [1]), second])
      expect((await refusalOf(end)).code).to.equal('unexpected_answer')
      expect([ranges, sent.length]).to.deep.equal([[[0, 3]], 2])
    })

  it('stops where the person was erased in between', async () => {
    const { end } = await taken([page(0, 3, 9, [1]), page(3, 3, 0)])
    expect((await refusalOf(end)).code).to.equal('feed_restarted')
  })
})
