/** One violation of each lint rule, and the same code where it is allowed. */

export interface LintPlant {
  readonly rule: string
  readonly path: string
  readonly text: string
  /** Biome's name of the rule, or `format`. */
  readonly diagnostic: string
}

const tooComplex = `export function planted(values: readonly number[]): number {
  let sum = 0
  for (const value of values) {
    if (value > 1) {
      if (value > 2) {
        if (value > 3) {
          if (value > 4) {
            if (value > 5) sum += value
          }
        }
      }
    }
  }
  return sum
}
`

/** Paths are below packages/domain/src, unless they start with a top folder. */
export const lintPlants: readonly LintPlant[] = [
  plant('default export', 'planted-default.ts', 'export default 1\n', 'style/noDefaultExport'),
  plant('console', 'planted-console.ts', "console.log('x')\n", 'suspicious/noConsole'),
  plant('process.env', 'planted-env.ts', 'export const home = process.env.HOME\n', 'style/noProcessEnv'),
  plant(
    'process.env in a composition root',
    'apps/worker/src/planted-env.ts',
    'export const home = process.env.HOME\n',
    'style/noProcessEnv',
  ),
  plant('any', 'planted-any.ts', 'export const value: any = 1\n', 'suspicious/noExplicitAny'),
  plant(
    'non-null assertion',
    'planted-non-null.ts',
    'export const first = (list: readonly string[]): string => list[0]!\n',
    'style/noNonNullAssertion',
  ),
  plant('enum', 'planted-enum.ts', 'export enum Colour {\n  Red,\n}\n', 'style/noEnum'),
  plant(
    'import without type',
    'planted-import-type.ts',
    "import { UserId } from './user-id.ts'\n\nexport type Ids = readonly UserId[]\n",
    'style/useImportType',
  ),
  plant('not kebab-case', 'plantedName.ts', 'export const one = 1\n', 'style/useFilenamingConvention'),
  plant(
    'unused import',
    'planted-unused-import.ts',
    "import { join } from 'node:path'\n",
    'correctness/noUnusedImports',
  ),
  plant('unused variable', 'planted-unused.ts', 'const one = 1\nexport {}\n', 'correctness/noUnusedVariables'),
  plant('export *', 'planted-star.ts', "export * from './user-id.ts'\n", 'performance/noReExportAll'),
  plant(
    'floating promise',
    'planted-floating.ts',
    'async function work(): Promise<void> {}\n\nexport function start(): void {\n  work()\n}\n',
    'nursery/noFloatingPromises',
  ),
  plant(
    'promise as a condition',
    'planted-misused.ts',
    'async function work(): Promise<boolean> {\n  return true\n}\n\nexport const run = () => {\n  if (work()) return 1\n  return 2\n}\n',
    'nursery/noMisusedPromises',
  ),
  plant(
    'import cycle',
    'planted-cycle-a.ts',
    "import { b } from './planted-cycle-b.ts'\n\nexport const a = () => b\n",
    'suspicious/noImportCycles',
  ),
  plant(
    'import cycle (other side)',
    'planted-cycle-b.ts',
    "import { a } from './planted-cycle-a.ts'\n\nexport const b = () => a\n",
    'suspicious/noImportCycles',
  ),
  plant(
    'empty catch',
    'planted-catch.ts',
    'export function run(work: () => void): void {\n  try {\n    work()\n  } catch {}\n}\n',
    'suspicious/noEmptyBlockStatements',
  ),
  plant('function too complex', 'planted-complex.ts', tooComplex, 'complexity/noExcessiveCognitiveComplexity'),
  plant(
    'undeclared dependency',
    'planted-undeclared.ts',
    "import chai from 'chai'\n\nexport const assert = chai.assert\n",
    'correctness/noUndeclaredDependencies',
  ),
  plant('format', 'planted-format.ts', 'export const text = "double";\n', 'format'),
  plant('only one test', 'test/unit/planted-only.test.ts', "it.only('x', () => 1)\n", 'suspicious/noFocusedTests'),
  plant('skipped test', 'test/unit/planted-skip.test.ts', "it.skip('x', () => 1)\n", 'suspicious/noSkippedTests'),
]

function plant(rule: string, file: string, text: string, diagnostic: string): LintPlant {
  const path = /^(apps|packages|test)\//.test(file) ? file : `packages/domain/src/${file}`
  return { rule, path, text, diagnostic: diagnostic === 'format' ? diagnostic : `lint/${diagnostic}` }
}

/** What the rules let through: the same code where the house style wants it. */
export const lintControls: Readonly<Record<string, string>> = {
  'apps/worker/src/main.ts': 'console.log(process.env.HOME)\n',
  'apps/worker/src/provision.ts': 'console.log(process.env.HOME)\n',
  'apps/api/src/token.ts': 'console.log(process.env.HOME)\n',
  'packages/config/src/generate.ts': 'console.log(process.env.HOME)\n',
  'test/unit/planted-control.test.ts': "it('prints', () => console.log(process.env.HOME))\n",
}
