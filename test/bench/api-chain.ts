import { READS, type Variant, type Warm, warmUp } from './read-variants.ts'
import { type ReadsProcess, startReads } from './reads-process.ts'
import {
  atLeast,
  type Bench,
  type BenchLine,
  type BenchOptions,
  figureOf,
  median,
  ratioOf,
  spreadOf,
} from './result.ts'

const CONNECTIONS = 1_000
const CALLS = 4_000
const MOST_CPU = 3.2
const LEAST_THROUGHPUT = 0.5
const [HTTP, EXPRESS, LATEST] = READS
const LOGGING: Variant = { ...LATEST, name: 'latest, entry, a log line each', port: 'logging' }
const VARIANTS: readonly Variant[] = [HTTP, EXPRESS, LATEST, LOGGING].map(
  (variant): Variant => ({ ...variant, calls: CALLS }),
)

interface Sample {
  readonly cpuUs: number
  readonly perSecond: number
}

/** The newest reading with everything on, for a thousand people on a connection each, beside servers that do nothing else. */
export const apiChain: Bench = {
  summary: 'latest for 1,000 people with everything on, against bare node:http and bare express',
  async run({ rounds }: BenchOptions) {
    const server = await startReads()
    try {
      const warm: Warm[] = []
      for (const variant of VARIANTS) warm.push(await warmUp(server, variant, CONNECTIONS))
      const taken = new Map<string, Sample[]>(VARIANTS.map(({ name }) => [name, []]))
      for (let round = 0; round < rounds; round += 1)
        for (const one of warm) taken.get(one.variant.name)?.push(await sampleOf(server, one))
      return VARIANTS.flatMap(({ name }) => linesOf(name, taken))
    } finally {
      await server.stop()
    }
  },
}

async function sampleOf(server: ReadsProcess, { run }: Warm): Promise<Sample> {
  const startedAt = performance.now()
  const cpuUs = await server.cpuOf(run)
  return { cpuUs: cpuUs / CALLS, perSecond: (CALLS * 1000) / (performance.now() - startedAt) }
}

function linesOf(name: string, taken: ReadonlyMap<string, readonly Sample[]>): readonly BenchLine[] {
  const of = (variant: string, what: keyof Sample) => (taken.get(variant) ?? []).map((sample) => sample[what])
  const costs = of(name, 'cpuUs')
  const n = CALLS * costs.length
  const ratio = ratioOf(costs, of(HTTP.name, 'cpuUs'))
  const throughput = of(name, 'perSecond').map(
    (rate, round) => rate / (of(EXPRESS.name, 'perSecond')[round] ?? Number.NaN),
  )
  const isJudged = name === LATEST.name
  return [
    {
      name,
      cpuUs: median(costs),
      spread: spreadOf(costs),
      ratio,
      base: HTTP.name,
      n,
      ...(isJudged ? { goal: { text: `at most ${MOST_CPU} x bare node:http`, met: ratio <= MOST_CPU } } : {}),
    },
    figureOf(
      {
        name: `${name}, throughput`,
        unit: 'x bare express',
        n,
        ...(isJudged ? { goal: atLeast(LEAST_THROUGHPUT, `at least ${LEAST_THROUGHPUT} x bare express`) } : {}),
      },
      throughput,
    ),
  ]
}
