import { READS, warmUp } from './read-variants.ts'
import { startReads } from './reads-process.ts'
import { type Bench, type BenchOptions, type BenchResult, median, ratioOf, spreadOf } from './result.ts'

const BASE = 'bare express'

/** What reads cost the API: everything on, over a Redis and a null DynamoDB. */
export const reads: Bench = {
  summary: 'CPU of latest, a page of a day and 304, from the entry and from the store, against bare express',
  async run({ rounds }: BenchOptions) {
    const server = await startReads()
    try {
      const taken = new Map<string, number[]>(READS.map(({ name }) => [name, []]))
      const warm = []
      for (const variant of READS) warm.push(await warmUp(server, variant))
      for (let round = 0; round < rounds; round += 1)
        for (const { variant, cpuUs } of warm) taken.get(variant.name)?.push(await cpuUs())
      return READS.map(({ name, calls }) => resultOf(name, taken, calls * rounds))
    } finally {
      await server.stop()
    }
  },
}

function resultOf(name: string, taken: ReadonlyMap<string, readonly number[]>, n: number): BenchResult {
  const costs = taken.get(name) ?? []
  const ratio = ratioOf(costs, taken.get(BASE) ?? [])
  return { name, cpuUs: median(costs), spread: spreadOf(costs), ratio, base: BASE, n }
}
