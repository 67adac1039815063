import { readFileSync } from 'node:fs'
import { expect } from 'chai'

const page = readFileSync(new URL('../../../docs/reliability-cases.md', import.meta.url), 'utf8')

/** Every test that the page names: its file, and words of its title. */
function named(): (readonly [file: string, words: string])[] {
  let file = ''
  return [...page.matchAll(/`([\w/-]+\.test\.ts)`|"([^"]+)"/g)].flatMap(([, path, words]) => {
    if (path) file = path
    return words && file ? [[file, words] as const] : []
  })
}

describe('The page of reliability cases', () => {
  it('names tests that exist', () => {
    expect(named()).to.have.length.above(50)
    for (const [file, words] of named()) {
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
      expect(text.includes(words), `${file}: ${words}`).to.equal(true)
    }
  })

  it('has a line for every case of pauses, Redis and operations', () => {
    const wanted = [...cases('B', 9), ...cases('C', 13), ...cases('K', 8)]
    expect([...page.matchAll(/^\| ([BCK]\d+) /gm)].map(([, id]) => id)).to.deep.equal(wanted)
  })
})

const cases = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
