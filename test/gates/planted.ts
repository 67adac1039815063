interface Planted {
  readonly tool: string
  readonly rule: string
}

const table: Planted[] = []

/** Notes that a violation of this rule was planted and refused; the table is printed when all gates have run. */
export function planted(tool: string, rule: string): void {
  table.push({ tool, rule })
}

after(() => {
  if (table.length === 0) return
  const width = Math.max(...table.map(({ tool }) => tool.length))
  const rows = table.map(({ tool, rule }) => `  ${tool.padEnd(width)}  ${rule}`)
  process.stdout.write(`\n  planted and refused: ${table.length} rules\n${rows.join('\n')}\n`)
})
