import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { disagreements, notesOf, type ReleaseFacts } from './release.ts'

const ROOT = join(import.meta.dirname, '../..')
const CHANGELOG = `# Changelog

## Unreleased

## 1.2.0 (2026-12-01)

- Something is new.

### What to do
Nothing.

## 1.1.10

- Something else.
`
const good: ReleaseFacts = {
  versions: { 'package.json': '1.2.0', 'apps/api/package.json': '1.2.0' },
  changelog: CHANGELOG,
  imageTags: { 'kustomization.yaml': ['1.2.0', '1.2.0'] },
  tag: 'v1.2.0',
}

describe('release check', () => {
  it('has nothing against a release whose version, changelog, images and tag agree', () => {
    expect(disagreements(good)).to.deep.equal([])
    expect(disagreements({ ...good, tag: null })).to.deep.equal([])
  })

  for (const [title, over, said] of [
    ['another tag', { tag: 'v1.2.1' }, 'tag v1.2.1: package.json has 1.2.0, so the tag is v1.2.0'],
    ['a tag without its v', { tag: '1.2.0' }, 'tag 1.2.0: package.json has 1.2.0, so the tag is v1.2.0'],
    [
      'a manifest left behind',
      { versions: { ...good.versions, 'apps/worker/package.json': '1.1.10' } },
      'apps/worker/package.json: version 1.1.10, package.json has 1.2.0',
    ],
    [
      'an image left behind',
      { imageTags: { 'kustomization.yaml': ['1.1.10'] } },
      'kustomization.yaml: image tag 1.1.10, package.json has 1.2.0',
    ],
    ['no section', { changelog: CHANGELOG.replace('## 1.2.0', '## 1.2.00') }, 'CHANGELOG.md: has no section "1.2.0"'],
    [
      'an empty section',
      { changelog: '## Unreleased\n\n## 1.2.0\n\n## 1.1.10\n\n- Old.\n' },
      'CHANGELOG.md: the section "1.2.0" says nothing',
    ],
    [
      'nowhere for what comes next',
      { changelog: CHANGELOG.replace('## Unreleased', '') },
      'CHANGELOG.md: has no section "Unreleased" for what comes next',
    ],
  ] as const satisfies readonly (readonly [string, Partial<ReleaseFacts>, string])[])
    it(`refuses ${title}`, () => expect(disagreements({ ...good, ...over })).to.deep.equal([said]))

  it('refuses a version that is none', () => {
    expect(disagreements({ ...good, versions: { 'package.json': 'next' }, imageTags: {}, tag: null })).to.have.length(1)
  })

  it('takes the notes of one version, with their own headings, and of no other', () => {
    expect(notesOf(CHANGELOG, '1.2.0')).to.equal('- Something is new.\n\n### What to do\nNothing.')
    expect(notesOf(CHANGELOG, '1.1.1')).to.equal(null)
  })

  it('finds this repository in agreement, and refuses a tag that it is not', async () => {
    const run = (...args: readonly string[]) =>
      promisify(execFile)(process.execPath, [join(ROOT, 'test/gates/release-check.ts'), ...args])
    expect((await run()).stdout).to.match(/manifests and the changelog agree/)
    const refused = await run('--tag', 'v99.0.0').then(
      () => null,
      (err: { readonly code: number; readonly stderr: string }) => err,
    )
    expect(refused?.code).to.equal(1)
    expect(refused?.stderr).to.include('tag v99.0.0')
  })
})
