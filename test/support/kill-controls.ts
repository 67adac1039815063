/**
 * `tools/dev node --conditions=source test/support/kill-controls.ts [NAME...]`: negative controls of the kill suite, beside
 * `npm test`. Takes one protection after the other out of a private copy of the tree and runs a part of e2e/kill.test.ts
 * on it. Prints which oracles turned red; exits with 1 where none did: a protection that nothing misses is not tested.
 */
import { startLocalStack } from '@bg-ingest/local-stack'
import { copyTree, type TreeCopy } from '../gates/tree-copy.ts'

interface Control {
  readonly name: string
  readonly file: string
  readonly line: string
  readonly without: string
  /** The part of the suite that has to miss it. */
  readonly grep: string
}

const CONTROLS: readonly Control[] = [
  {
    name: 'log',
    file: 'packages/ingest/src/publish.ts',
    line: 'held.progress.committed, RANGES_PER_PAGE)',
    without: '999_999_999_998, RANGES_PER_PAGE)',
    grep: 'A1 before the lease',
  },
  {
    name: 'lookback',
    file: 'packages/domain/src/window.ts',
    line: '- lookbackMs, toMs',
    without: '- 0 * lookbackMs, toMs',
    grep: 'A1 before the lease',
  },
  {
    name: 'lease',
    file: 'packages/store/src/state-writer.ts',
    line: 'attribute_not_exists(leaseId) OR leaseExpiresAt < :now',
    without: 'attribute_not_exists(leaseId) OR leaseExpiresAt <> :now',
    grep: 'A1 before the lease',
  },
  {
    name: 'fence',
    file: 'packages/store/src/reading-writer.ts',
    line: 'attribute_not_exists(fence) OR fence < :fence',
    without: 'attribute_not_exists(fence) OR fence <> :fence',
    grep: 'stands still|A11 written',
  },
]

/** What failed of the suite without this protection: oracles by name, or the first lines of what else. */
async function missing(copy: TreeCopy, { file, line, without, grep }: Control): Promise<string> {
  const before = copy.read(file)
  if (!before.includes(line)) throw new Error(`${file} has no "${line}" any more`)
  const undo = copy.plant({ [file]: before.replace(line, without) })
  try {
    const built = await copy.run(['tsc', '-b'])
    if (built.exitCode !== 0) throw new Error(built.output)
    const mocha = `cd test && exec node_modules/.bin/mocha --no-color --bail -g '${grep}' e2e/kill.test.ts`
    const { exitCode, output } = await copy.run(['sh', '-c', mocha])
    if (exitCode === 0) return ''
    const oracles = [...new Set(output.match(/^ +O\d(?= )/gm)?.map((name) => name.trim()))].sort()
    const details = output.match(/^ +O\d .*$/gm)?.slice(0, 3) ?? output.split('\n').slice(-20)
    return `${oracles.join(', ') || 'red'}\n${details.join('\n')}`
  } finally {
    undo()
  }
}

const wanted = process.argv.slice(2)
const say = (line: string) => console.error(line)
const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
const stack = await startLocalStack({ env: process.env, say, signal: stopping.signal, requireReal: true })
Object.assign(process.env, stack.env, { NODE_OPTIONS: '--conditions=source' })
const copy = copyTree()
try {
  for (const control of CONTROLS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const red = await missing(copy, control)
    console.log(`without the ${control.name}: ${red || 'GREEN, nothing misses it'}`)
    if (!red) process.exitCode = 1
  }
} finally {
  copy.remove()
  await stack.stop()
}
