import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const root = join(import.meta.dirname, '../../..')

/** Codes that the flows write into a connection, by the places where they do: `PROBLEMS`, and `problem: { code: … }`. */
function codesWritten(): readonly string[] {
  const ingest = globSync('packages/ingest/src/*.ts', { cwd: root }).map((path) =>
    readFileSync(join(root, path), 'utf8'),
  )
  const constants = ingest.flatMap((text) => [...text.matchAll(/^export const (?:PARKED|ERASING) = '(\w+)'/gm)])
  const literal = ingest.flatMap((text) => [...text.matchAll(/problem: \{\s*code: '(\w+)'/g)])
  const table = ingest.flatMap((text) => /^const PROBLEMS = \{(.*?)^\}/ms.exec(text)?.[1] ?? [])
  const named = table.flatMap((text) => [...text.matchAll(/^ {2}(\w+):/gm)])
  return [...constants, ...literal, ...named].map(([, code = '']) => code)
}

describe('api: docs/errors.md', () => {
  it('says what each problem of a connection means', () => {
    const codes = codesWritten()
    expect(codes).to.include.members(['erasing', 'parked', 'needs_reauth', 'consent_missing'])
    const [, section = ''] = readFileSync(join(root, 'docs/errors.md'), 'utf8').split(
      '## What is wrong with a connection',
    )
    const explained = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)
    expect(explained).to.have.members([...new Set(codes)])
  })
})
