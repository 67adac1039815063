import { expect } from 'chai'
import { homePlants, importPlants } from './import-plants.ts'
import { lintControls, lintPlants } from './lint-plants.ts'
import { planted } from './planted.ts'
import { sourceFiles } from './source-files.ts'
import { copyTree, type TreeCopy } from './tree-copy.ts'

const CI = ['biome', 'ci', '--colors=off', '--error-on-warnings', '--diagnostic-level=warn', '.']
const ANNOTATED = [...CI, '--reporter=github', '--max-diagnostics=none']
/** Characters of a tool's output that a failing control shows. */
const OUTPUT_SHOWN = 4_000
const RESTRICTED = 'lint/style/noRestrictedImports'

interface Finding {
  readonly rule: string
  readonly path: string
  readonly line: number
}

/** Biome's findings, from its annotations for GitHub. */
function parseFindings(output: string, root: string): readonly Finding[] {
  const annotations = output.matchAll(/^::error title=([^,]+),file=([^,]+),line=(\d+)/gm)
  return [...annotations].map(([, rule = '', path = '', line]) => ({
    rule,
    path: path.replace(`${root}/`, ''),
    line: Number(line),
  }))
}

describe('gates: lint', () => {
  let tree: TreeCopy
  let findings: readonly Finding[] = []
  const of = (path: string) => findings.filter((finding) => finding.path === path)

  before(() => {
    tree = copyTree()
  })
  after(() => tree.remove())

  it('control: is green without a planted violation, having looked at every file', async () => {
    const { exitCode, output } = await tree.run(CI)
    expect(exitCode, output.slice(0, OUTPUT_SHOWN)).to.equal(0)
    expect(Number(/Checked (\d+) files/.exec(output)?.[1])).to.be.at.least(sourceFiles(tree.path).length)
  })

  it('is red with every violation planted', async () => {
    const files = [...lintPlants, ...homePlants, ...importPlants].map(({ path, text }) => [path, text])
    tree.plant({ ...Object.fromEntries(files), ...lintControls })
    const { exitCode, output } = await tree.run(ANNOTATED)
    expect(exitCode).to.equal(1)
    findings = parseFindings(output, tree.path)
  })

  for (const { rule, path, diagnostic } of lintPlants) {
    it(`refuses: ${rule}`, () => {
      expect(of(path).map((finding) => finding.rule)).to.include(diagnostic)
      planted('biome', rule)
    })
  }

  for (const { rule, path, refused } of [...homePlants, ...importPlants]) {
    it(`refuses exactly what it must: ${rule}`, () => {
      const lines = of(path).filter((finding) => finding.rule === RESTRICTED)
      expect([...new Set(lines.map((finding) => finding.line))].sort((a, b) => a - b)).to.deep.equal(refused)
      planted('biome', `${rule} (${refused.length} imports)`)
    })
  }

  for (const path of Object.keys(lintControls)) {
    it(`lets through console and process.env in ${path}`, () => {
      expect(of(path)).to.deep.equal([])
    })
  }
})
