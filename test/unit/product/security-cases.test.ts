import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const page = readFileSync(new URL('../../../docs/security-cases.md', import.meta.url), 'utf8')

/** Every test that the page names: its file, and words of its title; none where the file stands alone. */
function named(): (readonly [file: string, words: string])[] {
  let file = ''
  return [...page.matchAll(/`((?:unit|integration|e2e|contract)\/[\w/-]+)`|"([^"]+)"/g)].flatMap(([, path, words]) => {
    if (path) file = path
    return file ? [[file, words ?? ''] as const] : []
  })
}

describe('The page of attacks', () => {
  it('names tests that exist', () => {
    expect(named()).to.have.length.above(100)
    for (const [file, words] of named()) {
      const text = readFileSync(new URL(`../../${file}.test.ts`, import.meta.url), 'utf8')
      expect(text.includes(words), `${file}: ${words}`).to.equal(true)
    }
  })

  it('has a line for every case of webhooks, tokens and input', () => {
    for (const [letter, count] of [
      ['H', 20],
      ['I-', 20],
      ['J', 16],
    ] as const)
      expect(casesOf(letter), letter).to.deep.equal(Array.from({ length: count }, (_, i) => i + 1))
  })
})

/** Numbers of a list, as the first cells of the page's tables name them: `H2, H11`, `I-1 to I-6`. */
function casesOf(letter: string): number[] {
  const cells = [...page.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) => cell.split(', '))
  return cells
    .flatMap((cell) => {
      const [first, last = first] = [...cell.matchAll(new RegExp(`\\b${letter}(\\d+)\\b`, 'g'))].map(([, n]) =>
        Number(n),
      )
      return first === undefined ? [] : Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i)
    })
    .sort((a, b) => a - b)
}
