import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runChild } from '../runner/child.ts'
import { untilHistoryIs, useSystem } from '../support/e2e-system.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const packageFolder = join(root, 'packages/client')

/** As strict as compilers get, with the types of browsers alone; the example says of `process` what it needs. */
const TSCONFIG = {
  compilerOptions: {
    allowJs: true,
    checkJs: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: false,
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022', 'dom', 'dom.asynciterable'],
    types: [],
  },
  include: ['*'],
}
const GLOBALS = 'declare const process: { readonly env: { readonly API: string; readonly TOKEN: string } }\n'

describe('The client as it is published', function () {
  this.timeout(60_000)
  const system = useSystem({
    name: 'client',
    workers: 1,
    simulator: { users: [{ name: 'alice', kind: 'generated', profile: 'lively', historyDays: 2 }] },
  })
  let folder: string
  const run = (command: readonly string[], { cwd = folder, env = {} } = {}) =>
    runChild(command, {
      cwd,
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      output: 'keep',
      signal: new AbortController().signal,
    })
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bg-client-'))
    const packed = await run(['pnpm', 'pack', '--pack-destination', folder], { cwd: packageFolder })
    expect(packed.exitCode, packed.output).to.equal(0)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
    // Offline: whatever it would have to fetch would be a dependency.
    const install = ['npm', 'install', '--offline', '--no-audit', '--no-fund', './bg-ingest-client-0.1.0.tgz']
    const installed = await run(install)
    expect(installed.exitCode, installed.output).to.equal(0)
    const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(packageFolder, 'README.md'), 'utf8')) ?? []
    writeFileSync(join(folder, 'example.js'), example)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('is its code, its types and its README', async () => {
    const { output } = await run(['npm', 'pack', '--dry-run', '--json'], { cwd: packageFolder })
    const [{ files }] = JSON.parse(output.slice(output.indexOf('[')))
    const paths: string[] = files.map(({ path }: { path: string }) => path)
    expect(paths).to.include.members(['README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts'])
    for (const path of paths)
      expect(path).to.match(/^(?:README\.md|LICENSE|package\.json|dist\/[\w/-]+\.(?:js|js\.map|d\.ts))$/)
    expect(paths.join()).to.not.match(/generate|schema-types/)
  })

  it('leads nowhere that is not in it, and has no effect by being imported', () => {
    const installed = join(folder, 'node_modules/@bg-ingest/client')
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
    expect(manifest).to.include({ name: '@bg-ingest/client', type: 'module', sideEffects: false })
    expect(manifest.private).to.equal(undefined)
    expect(JSON.stringify(manifest)).to.not.match(/workspace:|catalog:/)
    for (const targets of Object.values<Record<string, string>>(manifest.exports))
      for (const [condition, path] of Object.entries(targets)) {
        expect(['types', 'default']).to.include(condition)
        expect(existsSync(join(installed, path)), path).to.equal(true)
      }
  })

  it('compiles strictly in a project without types of Node', async () => {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
    writeFileSync(join(folder, 'globals.d.ts'), GLOBALS)
    writeFileSync(join(folder, 'wrong.ts'), WRONG)
    const { exitCode, output } = await run([join(root, 'node_modules/.bin/tsc'), '-p', '.', '--pretty', 'false'])
    expect(exitCode).to.not.equal(0)
    // Only the lines that are wrong on purpose, each of them: the types are there and mean something.
    const lines = [...output.matchAll(/^(\S+?)\((\d+),/gm)].map(([, file, line]) => `${file}:${line}`)
    expect(lines, output).to.deep.equal(['wrong.ts:3', 'wrong.ts:4', 'wrong.ts:5'])
  })

  it("does what its README's example says", async () => {
    const alice = await system.connect('alice', 'alice')
    await untilHistoryIs('complete', alice)
    const { exitCode, output } = await run([process.execPath, 'example.js'], {
      env: { API: system.apiUrl, TOKEN: alice.token },
    })
    expect(exitCode, output).to.equal(0)
    const count = (await alice.everyReading()).length
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => line.replace(/\d{4}-\S+Z/, 'T')),
    ).to.have.length(6)
    expect(output)
      .to.match(/^\d+ mg\/dL at \S+Z, \w+$/m)
      .and.include('nothing new\n')
      .and.match(/^\d+ readings of the last 24 hours are below 5 mmol\/L$/m)
      .and.include(`all changes up to ${count}\n`)
      .and.include('the sync is completed\n')
      .and.match(/^forbidden, request [0-9a-f-]{36}$/m)
  })
})

const WRONG = `import { createClient } from '@bg-ingest/client'
const client = createClient({ baseUrl: 'https://bg.example.com', token: async () => 't' })
createClient({ baseUrl: 'https://bg.example.com' })
void client.latest('alice').then(({ reading }) => reading.sugar)
void client.latest('alice', { etag: '"x"' }).then(({ reading }) => reading.glucose)
void client.latest('alice').then(({ reading }): number => reading.glucose)
`
