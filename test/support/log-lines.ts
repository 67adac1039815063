import type { AppProcess } from './e2e-process.ts'

// biome-ignore lint/suspicious/noExplicitAny: lines are what tests look into
export type LogLine = any

/** Lines of the log of some processes, each with its fields; records of the audit trail among them. */
export const linesOf = (...apps: readonly Pick<AppProcess, 'output'>[]): readonly LogLine[] =>
  apps.flatMap((app) =>
    app
      .output()
      .split('\n')
      // The last one may still be on its way.
      .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : [])),
  )

export const audited = (lines: readonly LogLine[]): readonly LogLine[] =>
  lines.filter(({ stream, kind }) => stream === 'audit' && kind === 'entry')
