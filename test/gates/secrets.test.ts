import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const ROOT = join(import.meta.dirname, '../..')
const COMMITTED = ['*', '{.ci,.githooks,.github,apps,docker,docs,packages,test,tools}/**']
const NOT_COMMITTED = ['**/node_modules/**', '**/dist/**', '**/.turbo/**', '**/.env', 'node_modules']
const MOST_BYTES = 2 ** 21

/** What is a secret wherever it stands. Tests make their own at random, so none has to be written down. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/=\s]{64,}/],
  ['an access key of AWS', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['a webhook secret', /\bwhsec_[A-Za-z0-9+/]{32,}/],
  ['an encryption key', /\b[a-z]\w{0,15}:[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])/],
  ['a signed token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/],
]
/** The example of the Standard Webhooks specification and the bytes 0 to 24, which everybody knows. */
const EXAMPLES = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk']
/** Keys of servers that only tests run, on loopback. */
const KNOWN = ['test/support/tls-servers.ts: a private key']

const secretsIn = (text: string): readonly string[] => {
  const bare = EXAMPLES.reduce((rest, example) => rest.replaceAll(example, ''), text)
  return SHAPES.filter(([, shape]) => shape.test(bare)).map(([what]) => what)
}

describe('gates: secrets', () => {
  it('no secret lies in the repository', () => {
    const files = globSync(COMMITTED, { cwd: ROOT, exclude: NOT_COMMITTED }).filter((path) =>
      statSync(join(ROOT, path)).isFile(),
    )
    expect(files.length).to.be.above(500)
    const found = files.flatMap((path) => {
      const content = readFileSync(join(ROOT, path))
      return content.length > MOST_BYTES ? [] : secretsIn(content.toString('latin1')).map((what) => `${path}: ${what}`)
    })
    expect(found).to.deep.equal(KNOWN)
  })

  it('and one of each would be found', () => {
    const random = (length: number) => 'aB3'.repeat(length).slice(0, length)
    const planted = [
      `-----BEGIN ${'PRIVATE KEY'}-----\n${random(128)}\n`,
      `AKIA${'A7'.repeat(8)}`,
      `ghp_${random(36)}`,
      `npm_${random(36)}`,
      `whsec_${random(40)}`,
      `k1:${random(43)}=`,
      `eyJ${random(20)}.eyJ${random(20)}.${random(30)}`,
    ]
    expect(planted.map((text) => secretsIn(`const it = '${text}'`))).to.deep.equal(SHAPES.map(([what]) => [what]))
  })
})
