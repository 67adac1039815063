import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { planted } from './planted.ts'
import { copyTree, type TreeCopy } from './tree-copy.ts'

interface TypePlant {
  readonly rule: string
  readonly file: string
  readonly text: string
  readonly code: string
}

const typePlants: readonly TypePlant[] = [
  { rule: 'type error', file: 'planted-error.ts', text: "export const one: number = 'one'\n", code: 'TS2322' },
  {
    rule: 'unchecked index',
    file: 'planted-index.ts',
    text: 'export const first = (list: readonly string[]): string => list[0]\n',
    code: 'TS2322',
  },
  {
    rule: 'undefined for an optional property',
    file: 'planted-optional.ts',
    text: 'export const empty: { readonly one?: number } = { one: undefined }\n',
    code: 'TS2375',
  },
  { rule: 'implicit any', file: 'planted-any.ts', text: 'export const echo = (value) => value\n', code: 'TS7006' },
  {
    rule: 'enum (no run-time syntax)',
    file: 'planted-enum.ts',
    text: 'export enum Colour {\n  Red,\n}\n',
    code: 'TS1294',
  },
  {
    rule: 'parameter property (no run-time syntax)',
    file: 'planted-property.ts',
    text: 'export class One {\n  constructor(readonly one: number) {}\n}\n',
    code: 'TS1294',
  },
  {
    rule: 'type imported as a value',
    file: 'planted-import.ts',
    text: "import { Plant } from './planted-type.ts'\n\nexport const one = (plant: Plant) => plant\n",
    code: 'TS1484',
  },
]

/** Goes to npm without its sources: its source maps carry them. */
const PUBLISHED = 'packages/client'

/** All packages are compiled by the same options, which the first control asserts: the smallest stands for them. */
const DOMAIN = ['tsc', '-b', 'packages/domain', '--pretty', 'false']

describe('gates: types', function () {
  // tsc reads the types of every dependency of the tests: 12 s when all cores are busy.
  this.timeout(120_000)
  let tree: TreeCopy
  before(() => {
    tree = copyTree()
  })
  after(() => tree.remove())

  it('control: tsc -b compiles every package, all of it, by the common rules', () => {
    const { references } = readConfig('tsconfig.json')
    const packages = globSync('{apps,packages}/*/package.json', { cwd: tree.path }).map(dirname).sort()
    expect(references.map(({ path }) => path).sort()).to.deep.equal(packages)
    for (const folder of packages) {
      const { references: _, ...config } = readConfig(`${folder}/tsconfig.json`)
      expect(config, folder).to.deep.equal({
        extends: '../../tsconfig.base.json',
        compilerOptions: { rootDir: 'src', outDir: 'dist', ...(folder === PUBLISHED && { inlineSources: true }) },
        include: ['src'],
      })
    }
  })

  it('control: is green without a planted violation, having compiled every file', async () => {
    const { exitCode, output } = await tree.run(DOMAIN)
    expect(exitCode, output).to.equal(0)
    const count = (pattern: string) => globSync(pattern, { cwd: tree.path }).length
    expect(count('packages/domain/dist/*.js')).to.equal(count('packages/domain/src/*.ts')).and.above(10)
  })

  it('refuses in the product', async () => {
    const output = await compilePlanted('packages/domain/src', DOMAIN)
    for (const { rule, file, code } of typePlants) {
      expect(output).to.match(new RegExp(`packages/domain/src/${file}\\(\\d+,\\d+\\): error ${code}`))
      planted('tsc -b', rule)
    }
  })

  it('refuses in the tests', async () => {
    const output = await compilePlanted('test/unit', ['tsc', '-p', 'test', '--pretty', 'false'])
    for (const { file, code, rule } of typePlants) {
      expect(output).to.match(new RegExp(`test/unit/${file}\\(\\d+,\\d+\\): error ${code}`))
      planted('tsc -p test', rule)
    }
  })

  function readConfig(path: string): { readonly references: readonly { readonly path: string }[] } {
    return JSON.parse(tree.read(path))
  }

  async function compilePlanted(folder: string, command: readonly string[]): Promise<string> {
    const texts = [...typePlants, { file: 'planted-type.ts', text: 'export type Plant = string\n' }]
    const restore = tree.plant(Object.fromEntries(texts.map(({ file, text }) => [`${folder}/${file}`, text])))
    const { exitCode, output } = await tree.run(command)
    restore()
    expect(exitCode).to.be.above(0)
    return output
  }
})
