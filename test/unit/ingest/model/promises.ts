import { type PublicReading, readingId, readingKey, type StoredReading } from '@bg-ingest/domain'
import { expect } from 'chai'
import type { World } from './play.ts'
import { contentsOf } from './truth.ts'

/** What is promised once nothing is wrong any more: stored = Dexcom's, numbered without a hole, told to everybody. */
export function expectPromises(world: World): void {
  expect(world.surprises.map(String), 'runs that failed for no reason').to.deep.equal([])
  const stored = [...world.db.readings.values()].flatMap(({ reading }) => (reading ? [reading] : []))
  const present = stored.filter(({ deleted }) => !deleted)
  expect(new Map(present.map((reading) => [readingKey(reading), reading.glucose])), 'stored').to.deep.equal(
    contentsOf(world.truth),
  )
  const committed = expectLogWithoutHoles(world, stored)
  expect(world.db.state, 'state').to.include({ committedSequence: committed, publishedSequence: committed })
  expectTold(world, stored, committed)
}

/** Every number has one owner, every reading stands at one of its own. Answers the last. */
function expectLogWithoutHoles({ db }: World, stored: readonly StoredReading[]): number {
  const ranges = [...db.log.values()].map(({ range }) => range).sort((a, b) => a.first - b.first)
  const owners = new Map(ranges.flatMap(({ changes }) => changes.map(({ sequence, key }) => [sequence, key])))
  let last = 0
  for (const range of ranges) {
    expect(range.first, 'ranges adjoin').to.equal(last + 1)
    last = range.last
  }
  expect([...owners.keys()], 'numbers').to.deep.equal(Array.from({ length: last }, (_, index) => index + 1))
  for (const reading of stored)
    expect(owners.get(reading.sequence), `owner of ${reading.sequence}`).to.equal(readingKey(reading))
  return last
}

/** A consumer as the contract describes it ends with what is stored, and has seen each revision once and in order. */
function expectTold({ broker }: World, stored: readonly StoredReading[], committed: number): void {
  const heard = new Map<string, Pick<PublicReading, 'sequence' | 'revision' | 'glucose'> & { readonly gone: boolean }>()
  let through = 0
  for (const { event } of broker.taken) {
    const { data } = event
    if (!('changes' in data) || data.toSequence <= through) continue
    expect(data.fromSequence, 'messages adjoin').to.equal(through + 1)
    through = data.toSequence
    for (const { sequence, kind, reading } of data.changes) {
      const before = heard.get(reading.id)
      // Where it was taken back in between and nobody was told, because it came again: then two revisions have passed.
      if (kind === 'created' && before && !before.gone)
        expect(reading.revision, `${sequence} is created once`).to.be.at.least(before.revision + 2)
      expect(reading.revision, `revision of ${sequence}`).to.be.above(before?.revision ?? 0)
      const { revision, glucose } = reading
      heard.set(reading.id, { sequence, revision, glucose, gone: kind === 'deleted' })
    }
  }
  expect(through, 'told').to.equal(committed)
  const wanted = stored.map((reading) => {
    const { sequence, revision, glucose, deleted } = reading
    return [readingId(reading), { sequence, revision, glucose, gone: deleted === true }] as const
  })
  expect(heard, 'what a consumer holds').to.deep.equal(new Map(wanted))
}
