import { expect } from 'chai'
import { planted } from './planted.ts'
import { sourceFiles } from './source-files.ts'
import { copyTree, type TreeCopy } from './tree-copy.ts'

describe('gates: dead code, size and generated files', () => {
  let tree: TreeCopy
  before(() => {
    tree = copyTree()
  })
  after(() => tree.remove())

  const knip = () => tree.run(['knip', '--no-progress', '--no-config-hints', '--reporter', 'compact'])
  const size = () => tree.run(['node', 'test/gates/size.ts'])
  const homes = () => tree.run(['node', 'test/gates/write-import-homes.ts', '--check'])

  it('control: is green without a planted violation', async () => {
    for (const result of [await knip(), await size(), await homes()]) expect(result.exitCode, result.output).to.equal(0)
    const counted = Number(/^(\d+) files/.exec((await size()).output)?.[1])
    expect(counted).to.equal(sourceFiles(tree.path).length).and.above(100)
  })

  it('refuses what nobody uses', async () => {
    const manifest = JSON.parse(tree.read('packages/domain/package.json')) as { readonly dependencies: object }
    const restore = tree.plant({
      'packages/domain/package.json': JSON.stringify({
        ...manifest,
        dependencies: { ...manifest.dependencies, 'planted-dependency': '1.0.0' },
      }),
      'packages/domain/src/planted-file.ts': 'export const planted = 1\n',
      'packages/domain/src/user-id.ts': `${tree.read('packages/domain/src/user-id.ts')}export const plantedExport = 1\n`,
      'test/unit/planted-support.ts': 'export const planted = 1\n',
    })
    const { exitCode, output } = await knip()
    restore()
    expect(exitCode).to.be.above(0)
    const expected = {
      'unused file': /^packages\/domain\/src\/planted-file\.ts/m,
      'unused file of the tests': /^test\/unit\/planted-support\.ts/m,
      'unused export': /packages\/domain\/src\/user-id\.ts: plantedExport/,
      'unused dependency': /packages\/domain\/package\.json: planted-dependency/,
    }
    for (const [rule, pattern] of Object.entries(expected)) {
      expect(output).to.match(pattern)
      planted('knip', rule)
    }
  })

  it('refuses a file longer than 400 lines, in the product and in the tests', async () => {
    for (const path of ['packages/domain/src/planted-long.ts', 'test/unit/planted-long.ts']) {
      const restore = tree.plant({ [path]: '// a line\n'.repeat(401) })
      const { exitCode, output } = await size()
      restore()
      expect(exitCode).to.equal(1)
      expect(output).to.include(`${path}: 401 lines`)
    }
    const restore = tree.plant({ 'packages/domain/src/planted-long.ts': '// a line\n'.repeat(400) })
    expect((await size()).exitCode).to.equal(0)
    restore()
    planted('size.ts', 'file longer than 400 lines')
  })

  it('refuses import bans that differ from their table', async () => {
    const bans = tree.read('test/gates/import-homes.json')
    const restore = tree.plant({ 'test/gates/import-homes.json': bans.replace('"amqplib",', '') })
    const { exitCode } = await homes()
    restore()
    expect(exitCode).to.equal(1)
    planted('write-import-homes.ts', 'import bans out of date')
  })
})
