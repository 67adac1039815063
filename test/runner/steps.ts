import { globSync } from 'node:fs'
import { sourceFiles } from '../gates/source-files.ts'
import { mochaStep } from './mocha-step.ts'
import { staticStep } from './static-step.ts'
import type { Step } from './step.ts'

const build = staticStep('build', 'dist of every package (turbo)', () => [{ command: ['turbo', 'run', 'build'] }])

const lint = staticStep('lint', 'format and lint rules (Biome)', (root) => [
  {
    command: [
      'biome',
      'ci',
      '--colors=off',
      '--error-on-warnings',
      '--diagnostic-level=warn',
      '--max-diagnostics=50',
      '.',
    ],
    coverage: { pattern: /Checked (\d+) files/, atLeast: sourceFiles(root).length },
  },
])

const boundaries = staticStep('boundaries', 'floors: who may depend on whom (turbo)', (root) => [
  {
    command: ['turbo', 'boundaries'],
    coverage: { pattern: /Checked (\d+) files/, atLeast: sourceFiles(root).length },
  },
])

const types = staticStep('types', 'tsc of every package and of the tests', () => [
  { command: ['tsc', '-b'] },
  { command: ['tsc', '-p', 'test'] },
])

const dead = staticStep('dead', 'unused files, exports and dependencies (knip)', () => [
  { command: ['knip', '--no-progress', '--no-config-hints'] },
])

const generated = staticStep('generated', 'generated files are up to date', (root) => [
  { command: ['node', 'test/gates/write-import-homes.ts', '--check'] },
  { command: ['node', 'tools/dashboards/write.ts', '--check'] },
  ...globSync('{apps,packages}/*/src/generate.ts', { cwd: root }).map((path) => ({
    command: ['node', '--conditions=source', path, '--check'],
  })),
])

const size = staticStep('size', 'no file has grown beyond its subject', () => [
  { command: ['node', 'test/gates/size.ts'] },
])

const speed = staticStep('speed', 'ratios of CPU that have not grown by a quarter (pnpm bench --quick)', () => [
  { command: ['node', '--conditions=source', 'test/bench/main.ts', '--quick'] },
])

const gates = mochaStep({
  name: 'gates',
  about: 'plants a violation of every rule and expects red',
  spec: ['gates/**/*.test.ts'],
})

const unit = mochaStep({
  name: 'unit',
  about: 'unit tests, no backends',
  spec: ['unit/**/*.test.ts'],
  processes: 2,
  long: { 'unit/ingest/model.test.ts': 300 },
})

const integration = mochaStep({
  name: 'integration',
  about: 'adapters on real Redis, RabbitMQ and DynamoDB',
  spec: ['integration/**/*.test.ts'],
  backends: true,
  processes: 2,
})

const contract = mochaStep({
  name: 'contract',
  about: 'the API against its OpenAPI document',
  spec: ['contract/**/*.test.ts'],
  backends: true,
})

const browser = mochaStep({
  name: 'browser',
  about: "the operators' board and /docs in a real Chromium, installed where there is none",
  spec: ['browser/**/*.test.ts'],
  backends: true,
})

const image = mochaStep({
  name: 'image',
  about: 'both images, built by buildah without a registry, and started',
  spec: ['image/**/*.test.ts'],
  backends: true,
})

const e2e = mochaStep({
  name: 'e2e',
  about: 'both apps as processes on real backends',
  spec: ['e2e/**/*.test.ts'],
  backends: true,
  processes: 2,
  // Measured on two cores, 2026-11-23.
  long: {
    'e2e/kill.test.ts': 240,
    'e2e/hostile-outage.test.ts': 150,
    'e2e/fleet-ended-workers.test.ts': 105,
    'e2e/events-outages.test.ts': 85,
    'e2e/fleet-rolling.test.ts': 85,
    'e2e/doctor.test.ts': 65,
    'e2e/fleet-redis.test.ts': 60,
    'e2e/crash.test.ts': 60,
    'e2e/events-topology.test.ts': 50,
    'e2e/ops-commands.test.ts': 50,
    'e2e/start-refusals.test.ts': 50,
    'e2e/dexcom-scenarios.test.ts': 45,
    'e2e/fleet-bad-workers.test.ts': 45,
    'e2e/fleet.test.ts': 45,
  },
})

/** Every step of `npm test`, in order: what fails fastest comes first. */
export const steps: readonly Step[] = [
  build,
  lint,
  boundaries,
  types,
  dead,
  generated,
  size,
  speed,
  gates,
  unit,
  integration,
  contract,
  browser,
  image,
  e2e,
]

/** Names that stand for other steps than the one of this name. */
const groups: Readonly<Record<string, readonly Step[]>> = {
  // Its tests start both apps from dist.
  e2e: [build, e2e],
  check: [lint, boundaries, types, dead, generated, size],
  all: steps,
}

/** The steps of these names, in the order of `npm test`; throws on an unknown name. No name means all. */
export function selectSteps(names: readonly string[]): readonly Step[] {
  const wanted = new Set(
    (names.length === 0 ? ['all'] : names).flatMap((name) => {
      const named = groups[name] ?? steps.filter((step) => step.name === name)
      if (named.length === 0) throw new Error(`No step is called "${name}".`)
      return named
    }),
  )
  return steps.filter((step) => wanted.has(step))
}
