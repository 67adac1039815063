import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const TEST = join(import.meta.dirname, '../..')
const ROOT = join(TEST, '..')
/** Whoever says "a test shows it" names the step of `npm test`, and words of a title or of the file's name. */
const NAMED = /\b(unit|integration|e2e|gates|image|contract|browser|chaos) "([^"]+)"/g
const PAGES = ['docs/operations/troubleshooting.md', 'docs/security-checklist.md']

const titlesIn = (step: string): readonly string[] =>
  globSync(`${step}/**/*.ts`, { cwd: TEST }).flatMap((file) => {
    const text = readFileSync(join(TEST, file), 'utf8')
    return [...text.matchAll(/\b(?:describe|it)\(\s*(['"`])(.+?)\1,/gs)].map(([, , title = '']) => title)
  })
const titles = new Map<string, readonly string[]>()
const isThere = (step: string, words: string): boolean => {
  if (!titles.has(step)) titles.set(step, titlesIn(step))
  return titles.get(step)?.some((title) => title.includes(words)) ?? false
}

/** Rows of all tables of a page, without heads and rules. */
const rowsOf = (page: string): readonly string[] =>
  readFileSync(join(ROOT, page), 'utf8')
    .split('\n')
    .filter((line, i, lines) => line.startsWith('|') && !line.startsWith('|--') && !lines[i + 1]?.startsWith('|--'))

describe('pages that name tests', () => {
  for (const page of PAGES)
    it(`${page}: name tests that there are`, () => {
      const named = [...readFileSync(join(ROOT, page), 'utf8').matchAll(NAMED)]
      expect(named.length).to.be.above(20)
      const missing = named.filter(([, step = '', words = '']) => !isThere(step, words)).map(([text]) => text)
      expect(missing).to.deep.equal([])
    })

  it('troubleshooting.md: each symptom is produced by one', () => {
    const rows = rowsOf('docs/operations/troubleshooting.md')
    expect(rows.length).to.be.above(35)
    expect(rows.filter((row) => !/ \| (?:unit|integration|e2e) "[^"]+" \|$/.test(row))).to.deep.equal([])
  })

  it('security-checklist.md: every line of S-A to S-K says what shows it, or that nothing does', () => {
    const rows = rowsOf('docs/security-checklist.md')
    const expected = { SA: 6, SB: 7, SC: 7, SD: 10, SE: 10, SF: 6, SG: 6, SH: 9, SI: 7, SJ: 8, SK: 10 }
    const ids = Object.entries(expected).flatMap(([list, n]) => Array.from({ length: n }, (_, i) => `${list}${i + 1}`))
    expect(rows.map((row) => row.split('|')[1]?.trim())).to.include.members(ids)
    for (const row of rows) expect(row).to.match(/\| (?:done|partly|not done|differs) \| .{10,} \|$/)
  })

  it('security-checklist.md: names files that there are', () => {
    const text = readFileSync(join(ROOT, 'docs/security-checklist.md'), 'utf8')
    const files = [...text.matchAll(/`((?:docs|docker|apps|packages|test|tools|\.github)\/[\w./-]+)`/g)]
    expect(files.length).to.be.above(10)
    expect(files.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).to.deep.equal([])
  })
})
