import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { disagreements, notesOf } from './release.ts'

const HELP = `Usage: pnpm release:check [--tag v1.2.0] [--notes]

Whether the versions of all manifests, the changelog, the image tags of docker/kubernetes and, with --tag, the tag agree.
  --notes  prints the changelog's section of that tag, and nothing else
`

const root = resolve(import.meta.dirname, '../..')
const text = (path: string) => readFileSync(resolve(root, path), 'utf8')
const { values } = parseArgs({
  options: { tag: { type: 'string' }, notes: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})

const manifests = [
  'package.json',
  ...globSync('{apps,packages}/*/package.json', { cwd: root }).sort(),
  'test/package.json',
]
const kustomization = 'docker/kubernetes/kustomization.yaml'
const facts = {
  versions: Object.fromEntries(manifests.map((path) => [path, String(JSON.parse(text(path)).version)])),
  changelog: text('CHANGELOG.md'),
  imageTags: {
    [kustomization]: [...text(kustomization).matchAll(/newTag: "?([^"\s]+)"?/g)].map(([, tag = '']) => tag),
  },
  tag: values.tag ?? null,
}

if (values.help) process.stdout.write(HELP)
else {
  const found = disagreements(facts)
  for (const line of found) process.stderr.write(`${line}\n`)
  if (found.length > 0) process.exitCode = 1
  else if (values.notes) process.stdout.write(`${notesOf(facts.changelog, (values.tag ?? '').slice(1)) ?? ''}\n`)
  else
    process.stdout.write(`${facts.versions['package.json']}: ${manifests.length} manifests and the changelog agree\n`)
}
