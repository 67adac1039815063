import { type Variable, variables } from './variables.ts'

/** Width of a comment line, as in the rest of the repository less the `# `. */
const COMMENT_WIDTH = 100

/** The text of `.env.example`: what has a default is commented out, what a process cannot start without is left empty. */
export function renderEnvExample(): string {
  const head = [
    '# Written by `pnpm --filter @bg-ingest/config generate` from packages/config/src/variables.ts.',
    '# An empty variable counts as unset. docs/configuration.md has the same as a table.',
  ]
  return `${head.join('\n')}\n${variables.map(envEntry).join('')}`
}

function envEntry({ name, fallback, unset, meaning, readBy }: Variable): string {
  const note = unset === undefined ? '' : ` Unset: ${unset}.`
  const comment = wrap(`${meaning}.${note} (${readBy.join(', ')})`).map((line) => `# ${line}`)
  const example = name.replace('<REGION>', 'EU')
  const assignment = unset === 'refuses to start' ? `${example}=` : `#${example}=${fallback ?? ''}`
  return `\n${comment.join('\n')}\n${assignment}\n`
}

function wrap(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COMMENT_WIDTH) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** The text of `docs/configuration.md`. */
export function renderConfigurationDoc(): string {
  return `# Configuration
Written by \`pnpm --filter @bg-ingest/config generate\` from packages/config/src/variables.ts; do not edit.

Every process is configured by environment variables alone, read once at start. An empty variable counts as unset. A missing or
bad variable stops the process before it listens, with one message that names every bad variable and never prints a value.
Node 24 or newer is needed.

| variable | default | meaning | read by |
|---|---|---|---|
${variables.map(row).join('\n')}
`
}

function row({ name, fallback, unset, meaning, readBy }: Variable): string {
  const otherwise = fallback === null ? `none: ${unset ?? 'stays unset'}` : `\`${fallback}\``
  return `| \`${name}\` | ${otherwise} | ${meaning} | ${readBy.join(', ')} |`
}
