/** What of the repository a release has to agree on. */
export interface ReleaseFacts {
  /** `version` of every manifest by its path; the root's is package.json. */
  readonly versions: Readonly<Record<string, string>>
  /** CHANGELOG.md. */
  readonly changelog: string
  /** Tags of our images by the file that names them. */
  readonly imageTags: Readonly<Record<string, readonly string[]>>
  /** The tag that is to be released, such as `v1.2.0`; null where only the repository is checked. */
  readonly tag: string | null
}

const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/** The text below `## <version>` (a date may follow it) up to the next heading of that level; null where there is none. */
export function notesOf(changelog: string, version: string): string | null {
  const sections = changelog.split(/^## /m).slice(1)
  const section = sections.find((text) => text.split(/[\s(]/, 1)[0] === version)
  return section === undefined ? null : section.slice(section.indexOf('\n') + 1).trim()
}

/** Every way in which version, changelog, manifests and tag disagree, one line each. */
export function disagreements({ versions, changelog, imageTags, tag }: ReleaseFacts): readonly string[] {
  const version = versions['package.json'] ?? ''
  const found = [
    ...Object.entries(versions).map(([path, other]) => ({ what: `${path}: version`, other })),
    ...Object.entries(imageTags).flatMap(([path, tags]) =>
      tags.map((other) => ({ what: `${path}: image tag`, other })),
    ),
  ]
    .filter(({ other }) => other !== version)
    .map(({ what, other }) => `${what} ${other}, package.json has ${version}`)
  if (!VERSION.test(version)) found.push(`package.json: "${version}" is no version`)
  if (!/^## Unreleased$/m.test(changelog)) found.push('CHANGELOG.md: has no section "Unreleased" for what comes next')
  return tag === null ? found : [...found, ...againstTag(tag, version, changelog)]
}

function againstTag(tag: string, version: string, changelog: string): readonly string[] {
  const found = tag === `v${version}` ? [] : [`tag ${tag}: package.json has ${version}, so the tag is v${version}`]
  const notes = notesOf(changelog, version)
  if (notes === null) return [...found, `CHANGELOG.md: has no section "${version}"`]
  return notes === '' ? [...found, `CHANGELOG.md: the section "${version}" says nothing`] : found
}
