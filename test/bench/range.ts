import { READS, warmUp } from './read-variants.ts'
import { startReads } from './reads-process.ts'
import { type Bench, type BenchOptions, type BenchResult, median, ratioOf, spreadOf } from './result.ts'

const MOST_COLD = 2
const LEAST_SAVED = 15
const BASE = 'JSON.parse and mapping by hand'
const COLD = 'page of a day, store'
const CACHED = 'page of a day, memory'

/** What a page of 288 readings costs the API, from the store and from memory, beside what nobody can do without. */
export const range: Bench = {
  summary: 'CPU of a page of a day, cold and cached, against JSON.parse and mapping by hand',
  async run({ rounds }: BenchOptions) {
    const server = await startReads()
    try {
      const pages = READS.filter(({ name }) => name === COLD || name === CACHED)
      const warm = []
      for (const variant of pages) warm.push(await warmUp(server, variant))
      await server.mapByHand()
      const taken = new Map<string, number[]>([BASE, COLD, CACHED].map((name) => [name, []]))
      for (let round = 0; round < rounds; round += 1) {
        taken.get(BASE)?.push(await server.mapByHand())
        for (const { variant, cpuUs } of warm) {
          const before = server.storeCalls()
          taken.get(variant.name)?.push(await cpuUs())
          // Redis may be late on a busy machine: what was then asked of the store was not answered from memory.
          if (variant.name === CACHED && server.storeCalls() > before)
            console.error(`${server.storeCalls() - before} store calls in ${variant.calls} cached pages`)
        }
      }
      return linesOf(taken, rounds)
    } finally {
      await server.stop()
    }
  },
}

function linesOf(taken: ReadonlyMap<string, readonly number[]>, rounds: number): readonly BenchResult[] {
  const [hand, cold, cached] = [BASE, COLD, CACHED].map((name) => taken.get(name) ?? [])
  const lineOf = (name: string, costs: readonly number[] = [], bases: readonly number[] = [], base = BASE) => ({
    name,
    cpuUs: median(costs),
    spread: spreadOf(costs),
    ratio: ratioOf(costs, bases),
    base,
    n: (READS.find((variant) => variant.name === name)?.calls ?? 0) * rounds,
  })
  const [coldLine, cachedLine] = [lineOf(COLD, cold, hand), lineOf(CACHED, cached, cold, COLD)]
  return [
    lineOf(BASE, hand, hand),
    { ...coldLine, goal: { text: `at most ${MOST_COLD} x ${BASE}`, met: coldLine.ratio <= MOST_COLD } },
    {
      ...cachedLine,
      goal: { text: `at least ${LEAST_SAVED} x cheaper than cold`, met: cachedLine.ratio <= 1 / LEAST_SAVED },
    },
  ]
}
