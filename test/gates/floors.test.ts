import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { planted } from './planted.ts'
import { sourceFiles } from './source-files.ts'
import { copyTree, type TreeCopy } from './tree-copy.ts'

interface UpwardImport {
  readonly rule: string
  readonly from: string
  readonly to: string
  /** The tag of `to` that the floor of `from` refuses. */
  readonly tag: string
}

const upwardImports: readonly UpwardImport[] = [
  { rule: 'f0 -> f1', from: 'packages/domain', to: 'packages/telemetry', tag: 'f1' },
  { rule: 'f0 -> f2', from: 'packages/domain', to: 'packages/store', tag: 'f2' },
  { rule: 'f0 -> f3', from: 'packages/domain', to: 'apps/worker', tag: 'f3' },
  { rule: 'f1 -> f1', from: 'packages/security', to: 'packages/config', tag: 'f1' },
  { rule: 'f1 -> f2', from: 'packages/telemetry', to: 'packages/queue', tag: 'f2' },
  { rule: 'f1 -> f3', from: 'packages/config', to: 'apps/api', tag: 'f3' },
  { rule: 'f2 -> f2, adapter to adapter', from: 'packages/dexcom', to: 'packages/store', tag: 'f2' },
  { rule: 'f2 -> f2, adapter to flow', from: 'packages/store', to: 'packages/ingest', tag: 'f2' },
  { rule: 'f2 -> f2, flow to adapter', from: 'packages/ingest', to: 'packages/events', tag: 'f2' },
  { rule: 'f2 -> f3', from: 'packages/queue', to: 'apps/worker', tag: 'f3' },
  { rule: 'f3 -> f3', from: 'apps/api', to: 'apps/worker', tag: 'f3' },
  { rule: 'api -> dexcom', from: 'apps/api', to: 'packages/dexcom', tag: 'dexcom' },
  { rule: 'api -> ingest', from: 'apps/api', to: 'packages/ingest', tag: 'ingest' },
  { rule: 'api -> events', from: 'apps/api', to: 'packages/events', tag: 'events' },
  ...['queue', 'dexcom', 'store', 'events', 'ingest'].map((adapter) => ({
    rule: `adapter -> config: ${adapter}`,
    from: `packages/${adapter}`,
    to: 'packages/config',
    tag: 'config',
  })),
  { rule: 'product -> test: f0', from: 'packages/domain', to: 'test', tag: 'test' },
  { rule: 'product -> test: f1', from: 'packages/config', to: 'test', tag: 'test' },
  { rule: 'product -> test: f2', from: 'packages/ingest', to: 'test', tag: 'test' },
  { rule: 'product -> test: f3', from: 'apps/worker', to: 'test', tag: 'test' },
  { rule: 'product -> beside: f0', from: 'packages/domain', to: 'packages/local-stack', tag: 'beside' },
  { rule: 'product -> beside: f1', from: 'packages/security', to: 'packages/dexcom-simulator', tag: 'beside' },
  { rule: 'product -> beside: f2', from: 'packages/dexcom', to: 'packages/dexcom-simulator', tag: 'beside' },
  { rule: 'product -> beside: f3', from: 'apps/api', to: 'packages/demo', tag: 'beside' },
  { rule: 'beside -> f2', from: 'packages/dexcom-simulator', to: 'packages/dexcom', tag: 'f2' },
  { rule: 'beside -> f3', from: 'packages/demo', to: 'apps/api', tag: 'f3' },
  { rule: 'beside -> config', from: 'packages/local-stack', to: 'packages/config', tag: 'config' },
  { rule: 'product -> outside: f2', from: 'packages/ingest', to: 'packages/client', tag: 'outside' },
  { rule: 'product -> outside: f3', from: 'apps/api', to: 'packages/client', tag: 'outside' },
  { rule: 'outside -> f0', from: 'packages/client', to: 'packages/domain', tag: 'f0' },
  { rule: 'outside -> f2', from: 'packages/client', to: 'packages/events', tag: 'f2' },
  { rule: 'beside -> test', from: 'packages/demo', to: 'test', tag: 'test' },
]

const nameOf = (folder: string) => `@bg-ingest/${folder.split('/').at(-1)}`
/** turbo wraps its messages at the width of the terminal, inside of names too. */
const unwrapped = (text: string) => text.replaceAll(/[\s|]/g, '')

describe('gates: floors', () => {
  let tree: TreeCopy
  const boundaries = () => tree.run(['turbo', 'boundaries', '--no-color'])

  before(() => {
    tree = copyTree()
  })
  after(() => tree.remove())

  it('control: is green without a planted violation, having looked at every package and file', async () => {
    const { exitCode, output } = await boundaries()
    expect(exitCode, output).to.equal(0)
    const [, files, packages] = /Checked (\d+) files in (\d+) packages/.exec(output) ?? []
    expect(Number(packages)).to.equal(globSync('{apps/*,packages/*,test}/package.json', { cwd: tree.path }).length)
    expect(Number(files)).to.be.at.least(sourceFiles(tree.path).length)
  })

  it('control: every package has a floor', () => {
    const tagged = globSync('{apps/*,packages/*,test}/package.json', { cwd: tree.path }).map((path) => {
      const { tags } = JSON.parse(tree.read(`${dirname(path)}/turbo.json`)) as { readonly tags: readonly string[] }
      return [dirname(path), tags.filter((tag) => /^(f[0-3]|beside|outside|test)$/.test(tag)).length]
    })
    expect(tagged.filter(([, floors]) => floors !== 1)).to.deep.equal([])
  })

  for (const { rule, from, to, tag } of upwardImports) {
    it(`refuses: ${rule}`, async () => {
      const manifest = JSON.parse(tree.read(`${from}/package.json`)) as { readonly dependencies?: object }
      const dependencies = { ...manifest.dependencies, [nameOf(to)]: 'workspace:*' }
      const restore = tree.plant({
        [`${from}/package.json`]: JSON.stringify({ ...manifest, dependencies }),
        [`${from}/src/planted.ts`]: `import '${nameOf(to)}'\n`,
      })
      const { exitCode, output } = await boundaries()
      restore()
      expect(exitCode).to.equal(1)
      const message = `Package \`${nameOf(to)}\` found with tag listed in denylist for \`${nameOf(from)}\`: \`${tag}\``
      expect(unwrapped(output)).to.include(unwrapped(message))
      planted('turbo boundaries', rule)
    })
  }

  it('refuses imports that leave the package or name no dependency', async () => {
    const restore = tree.plant({
      'packages/store/src/planted.ts': "import '../../queue/src/index.ts'\nimport '@bg-ingest/queue'\nimport 'got'\n",
    })
    const { exitCode, output } = await boundaries()
    restore()
    expect(exitCode).to.equal(1)
    expect(unwrapped(output)).to.include(unwrapped('import `../../queue/src/index.ts` leaves the package'))
    for (const name of ['@bg-ingest/queue', 'got'])
      expect(unwrapped(output)).to.include(
        unwrapped(`cannot import package \`${name}\` because it is not a dependency`),
      )
    planted('turbo boundaries', 'import that leaves the package')
    planted('turbo boundaries', 'import of an undeclared dependency')
  })
})
