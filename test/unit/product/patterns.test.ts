import { join } from 'node:path'
import { expect } from 'chai'
import { sourceFiles } from '../../gates/source-files.ts'
import { hostileTexts, type Pattern, patternsIn } from '../../support/patterns.ts'

const root = join(import.meta.dirname, '../../..')
/** What is shipped: not the tests, nor what only stands beside the service. */
const BESIDE = /^(?:test|packages\/(?:dexcom-simulator|local-stack|demo))\//
const files = sourceFiles(root).filter((path) => !BESIDE.test(path))
/** Shorter ones first: what is exponential shows at 24 characters, and would never end at more; what is cubic at 2,000. */
const LENGTHS = [24, 28, 200, 2_000, 20_000, 100_000]
/** Of one text. */
const BUDGET_MS = 10
/** A neighbour on the machine may take the processor away in one run, not in all. */
const TRIES = 4

function msOf({ source, flags }: Pattern, text: string): number {
  const pattern = new RegExp(source, flags)
  const startedAt = performance.now()
  text.replace(pattern, '')
  return performance.now() - startedAt
}

function best(pattern: Pattern, text: string): number {
  let ms = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < TRIES && ms > BUDGET_MS; attempt += 1) ms = Math.min(ms, msOf(pattern, text))
  return ms
}

/** The slowest text of a pattern, and how long it took. */
function slowest(pattern: Pattern): { readonly ms: number; readonly text: string } {
  let worst = { ms: 0, text: '' }
  for (const length of LENGTHS)
    for (const text of hostileTexts(pattern, length)) {
      const ms = best(pattern, text)
      if (ms > worst.ms) worst = { ms, text: `${length} of ${text.slice(0, 10)}…` }
      if (ms > BUDGET_MS) return worst
    }
  return worst
}

describe('J14: no regular expression of the product takes long over a hostile text', function () {
  this.timeout(60_000)
  const found = files.map((path) => ({ path, ...patternsIn(join(root, path)) }))
  const patterns: ReadonlyMap<string, Pattern> = new Map(
    found.flatMap(({ literals }) => literals.map((one) => [`/${one.source}/${one.flags}`, one])),
  )

  it('finds them', () => {
    expect(files.length).to.be.above(300)
    expect(patterns.size).to.be.above(50)
    expect([...patterns.keys()]).to.include('/^Bearer +([A-Za-z0-9_.-]+)$/i')
  })

  it('finds none whose shape is known at run time only', () => {
    expect(found.flatMap(({ path, unknown }) => unknown.map((text) => `${path}: ${text}`))).to.deep.equal([])
  })

  for (const [name, pattern] of patterns)
    it(`${name} reads 100 kB within ${BUDGET_MS} ms`, () => {
      const { ms, text } = slowest(pattern)
      expect(ms, text).to.be.below(BUDGET_MS)
    })

  it('would tell one that backtracks', () => {
    for (const source of ['^(a+)+$', '\\s+$', '=+$'])
      expect(slowest({ source, flags: '' }).ms, source).to.be.above(BUDGET_MS)
  })
})
