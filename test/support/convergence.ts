import { type Measurement, type PublicReading, readingKey, toPublicReading } from '@bg-ingest/domain'
import { expect } from 'chai'
import type { World } from './world.ts'

const content = ({ timestamp, type, glucose, trend, trendRate, device }: Measurement) => ({
  timestamp,
  type,
  glucose,
  trend,
  trendRate,
  transmitterId: device.transmitterId,
})

/** What the service promises once nothing is wrong any more: stored = Dexcom's, numbered without a hole, told to the world. */
export async function expectConverged(world: World): Promise<void> {
  const stored = await world.stored()
  const wanted = new Map(world.dexcom.records().map((record) => [readingKey(record), content(record)]))
  expect(new Map([...stored].map(([key, reading]) => [key, content(reading)]))).to.deep.equal(wanted)

  const { committedSequence, publishedSequence } = await world.state()
  const owners = await expectLogWithoutHoles(world, committedSequence)
  for (const [key, { sequence }] of stored) expect(owners.get(sequence), `owner of ${sequence}`).to.equal(key)

  expect(publishedSequence).to.equal(committedSequence)
  const heard = consume(world)
  expect(heard.through).to.equal(committedSequence)
  expect(heard.readings).to.deep.equal(
    new Map([...stored.values()].map((r) => [toPublicReading(r).id, toPublicReading(r)])),
  )
}

/** Every sequence from 1 on has one owner; answers who. */
async function expectLogWithoutHoles({ accounts, userId }: World, committed: number): Promise<Map<number, string>> {
  const ranges = await accounts.rangesAfter(userId, 0, 1_000)
  const owners = new Map<number, string>()
  let next = 1
  for (const { first, last, changes } of ranges) {
    expect(first).to.equal(next)
    expect(changes.map(({ sequence }) => sequence)).to.deep.equal(
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    )
    for (const { sequence, key } of changes) owners.set(sequence, key)
    next = last + 1
  }
  expect(next - 1).to.equal(committed)
  return owners
}

/** A consumer as the contract describes it: drops ranges it has seen, insists that the next one adjoins. */
export function consume({ publisher }: World) {
  const readings = new Map<string, PublicReading>()
  const kinds: string[] = []
  let through = 0
  for (const { data } of publisher.ofKind('readings.changed')) {
    if (data.toSequence <= through) continue
    expect(data.fromSequence, 'the next range adjoins').to.equal(through + 1)
    for (const { sequence, kind, reading } of data.changes) {
      expect(reading.sequence).to.equal(sequence)
      expect(kind === 'created', `${kind} of ${sequence}`).to.equal(!readings.has(reading.id))
      readings.set(reading.id, reading)
      kinds.push(kind)
    }
    through = data.toSequence
  }
  return { readings, kinds, through }
}
