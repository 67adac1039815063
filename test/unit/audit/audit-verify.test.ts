import { type AuditSource, createAuditTrail, readAuditLines, verifyAudit } from '@bg-ingest/audit'
import { expect } from 'chai'
import * as fc from 'fast-check'

const KEY = { id: 'k1', key: new Uint8Array(32).fill(7) }
const OTHER_KEY = { id: 'k1', key: new Uint8Array(32).fill(8) }

/** Six entries, heads behind the third and the last, as the stream and the store have them. */
async function written(writer = 'worker-1') {
  const stream: string[] = []
  const store: string[] = []
  const trail = createAuditTrail({
    writer,
    key: KEY,
    write: (line) => void stream.push(line),
    store: async ({ entries, head }) => void store.push(...entries, head),
    now: () => Date.UTC(2026, 10, 23),
  })
  const record = (object: string) => trail.record({ action: 'sync', actor: 'worker', outcome: 'ok', object })
  record('h2')
  record('h3')
  await trail.beat()
  record('h4')
  record('h5')
  await trail.close()
  return { stream, store }
}

const source = (lines: readonly string[], kind: AuditSource['kind'] = 'stream'): AuditSource => ({
  name: kind,
  kind,
  lines: readAuditLines(lines.join('\n')),
})
const faults = (lines: readonly string[], part: Partial<AuditSource> = {}) =>
  verifyAudit([{ ...source(lines), ...part }], [KEY]).faults.map(({ n, fault }) => [n, fault])
const without = (lines: readonly string[], ...gone: readonly number[]) => lines.filter((_, i) => !gone.includes(i))
const swapped = (lines: readonly string[], a: number, b: number) =>
  lines.map((line, i) => lines[i === a ? b : i === b ? a : i] ?? line)

describe('audit verification', () => {
  // 0 opened, 1 h2, 2 h3, 3 head of 3, 4 h4, 5 h5, 6 closed, 7 head of 6.
  let stream: readonly string[]
  let store: readonly string[]
  before(async () => {
    ;({ stream, store } = await written())
  })

  it('finds nothing in a trail that nobody has touched, in stream and store, also between other lines of a log', () => {
    expect(faults(stream)).to.deep.equal([])
    const log = stream.flatMap((line) => ['{"level":"info","message":"x"}', 'Node says something', line])
    expect(faults(log)).to.deep.equal([])
    const report = verifyAudit([source(stream), source(store, 'store')], [KEY])
    expect(report.faults).to.deep.equal([])
    expect(report.writers.map(({ entries, closed }) => [entries, closed])).to.deep.equal([
      [6, true],
      [6, true],
    ])
  })

  it('does not mind the order of fields, which log shippers change, nor a line that comes twice', () => {
    const reordered = stream.map((line) =>
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse())),
    )
    expect(faults(reordered)).to.deep.equal([])
    expect(faults(stream.flatMap((line) => [line, line]))).to.deep.equal([])
  })

  for (const [what, change] of [
    ['a word', (line: string) => line.replace('"object":"h3"', '"object":"h9"')],
    ['a field that is added', (line: string) => line.replace('"object"', '"by":"me","object"')],
    ['a field that is taken', (line: string) => line.replace('"object":"h3",', '')],
    ['the time', (line: string) => line.replace('2026-11-23', '2026-11-22')],
  ] as const)
    it(`names an entry that was edited: ${what}`, () => {
      expect(faults(stream.map((line, i) => (i === 2 ? change(line) : line)))).to.deep.equal([[3, 'edited']])
    })

  it('names an entry that was deleted, wherever it stood', () => {
    expect(faults(without(stream, 0))).to.deep.equal([[1, 'missing']])
    expect(faults(without(stream, 2))).to.deep.equal([[3, 'missing']])
    expect(faults(without(stream, 4, 5))).to.deep.equal([[4, 'missing']])
  })

  it('names entries that were swapped', () => {
    expect(faults(swapped(stream, 1, 2))).to.deep.equal([[3, 'out_of_order']])
    expect(faults(swapped(stream, 2, 4))).to.deep.equal([[4, 'out_of_order']])
  })

  it('names what was cut off the end, by the heads that are left', () => {
    expect(faults(without(stream, 4, 5, 6))).to.deep.equal([[4, 'cut']])
    expect(faults(without(stream, 0, 1, 2, 4, 5, 6))).to.deep.equal([[1, 'cut']])
  })

  it('names what was cut off one source together with its heads, by the other', () => {
    const both = (a: readonly string[], b: readonly string[]) =>
      verifyAudit([source(a), source(b, 'store')], [KEY]).faults.map((fault) => [fault.source, fault.n, fault.fault])
    expect(both(stream, store.slice(0, 4))).to.deep.equal([['store', 4, 'cut']])
    expect(both(stream.slice(0, 4), store)).to.deep.equal([['stream', 4, 'cut']])
  })

  it('says of a trail that was cut off with its heads, or whose process was killed, that it does not end', () => {
    const { faults: found, writers } = verifyAudit([source(stream.slice(0, 4))], [KEY])
    expect([found, writers.map(({ closed }) => closed)]).to.deep.equal([[], [false]])
  })

  it('names a line that is no record any more, and a trail that is hashed with another key', () => {
    const broken = stream.map((line, i) => (i === 2 ? line.replace('"n":3', '"n":"three"') : line))
    expect(faults(broken)).to.deep.equal([[3, 'unreadable']])
    const found = (key: typeof KEY) => verifyAudit([source(stream)], [key]).faults.map(({ n, fault }) => [n, fault])
    expect(found(OTHER_KEY)).to.deep.equal([[1, 'edited']])
    expect(found({ ...KEY, id: 'k2' })).to.deep.equal([[1, 'unknown_key']])
  })

  it('takes a part of a trail where that is asked for, and only there', () => {
    expect(faults(stream.slice(2))).to.deep.equal([[1, 'missing']])
    expect(faults(stream.slice(2), { isExcerpt: true })).to.deep.equal([])
    expect(faults(stream.slice(2), { beginsBefore: '2026-11-24' })).to.deep.equal([])
    expect(faults(stream.slice(2), { beginsBefore: '2026-11-22' })).to.deep.equal([[1, 'missing']])
    expect(faults(without(stream.slice(2), 2), { isExcerpt: true })).to.deep.equal([[4, 'missing']])
    const cut = { ...source(stream.slice(0, 4)), isExcerpt: true }
    expect(verifyAudit([cut, source(store, 'store')], [KEY]).faults).to.deep.equal([])
  })

  it('judges each writer by itself', async () => {
    const other = (await written('api-1')).stream
    const mixed = stream.flatMap((line, i) => [line, other[i] ?? ''])
    expect(faults(mixed)).to.deep.equal([])
    const cut = mixed.filter((line) => line !== other[2])
    expect(verifyAudit([source(cut)], [KEY]).faults).to.deep.equal([
      { source: 'stream', writer: 'api-1', n: 3, fault: 'missing' },
    ])
  })

  it('notices every single change: any letter of any entry, any entry gone, any two swapped', () => {
    const at = fc.nat({ max: stream.length - 1 })
    const letters = fc.check(
      fc.property(at, fc.nat(), (i, where) => {
        const line = stream[i] ?? ''
        const position = where % line.length
        const flipped = line[position] === 'x' ? 'y' : 'x'
        const changed = `${line.slice(0, position)}${flipped}${line.slice(position + 1)}`
        const found = faults(stream.map((other, at) => (at === i ? changed : other)))
        // Without one of its heads a trail is whole still.
        return found.length > 0 || (isHead(i) && readAuditLines(changed).length === 0)
      }),
      { numRuns: 500 },
    )
    expect(letters.counterexample).to.equal(null)
    const swaps = fc.check(
      fc.property(at, at, (a, b) => a === b || isHead(a) || isHead(b) || faults(swapped(stream, a, b)).length > 0),
    )
    expect(swaps.counterexample).to.equal(null)
  })
  const isHead = (i: number) => i === 3 || i === 7
})
