/** A protection that is taken out of the build, and what has to notice. */
export interface Mutant {
  /** As in promises.md section 6; letters for those of our own. */
  readonly id: string
  readonly about: string
  /** End of the path of a compiled file. */
  readonly file: string
  /** Occurs once in it. */
  readonly line: string
  readonly without: string
  /** Faults under which its absence shows. */
  readonly faults: readonly string[]
  /** The promise that is broken then, as it stands in what a run says. */
  readonly breaks: RegExp
}

export const MUTANTS: readonly Mutant[] = [
  {
    id: 'M1',
    about: 'what a crashed run claimed is not adopted from the log',
    file: 'packages/ingest/dist/publish.js',
    line: 'held.progress.committed, RANGES_PER_PAGE)',
    without: '999_999_999_998, RANGES_PER_PAGE)',
    faults: ['A9', 'A11'],
    breaks: /\b(O1|O3|O4|O8)\b/,
  },
  {
    id: 'M2',
    about: 'polls do not look back',
    file: 'packages/domain/dist/window.js',
    line: '- lookbackMs, toMs',
    without: '- 0 * lookbackMs, toMs',
    faults: ['A8', 'F4'],
    breaks: /\bO1\b/,
  },
  {
    id: 'M3',
    about: 'the lease is taken from whoever holds it',
    file: 'packages/store/dist/state-writer.js',
    line: 'attribute_not_exists(leaseId) OR leaseExpiresAt < :now',
    without: 'attribute_not_exists(leaseId) OR leaseExpiresAt <> :now',
    faults: ['A1', 'A2', 'B1', 'C2'],
    breaks: /\b(O5|O6)\b/,
  },
  {
    id: 'M4',
    about: 'the mark moves before the broker has confirmed',
    file: 'packages/ingest/dist/publish.js',
    line: 'const taken = await confirmed;',
    without: 'confirmed.catch(() => undefined); const taken = ranges.length;',
    faults: ['E2'],
    breaks: /\b(O3|O4)\b/,
  },
  {
    id: 'M5',
    about: 'the cursor moves whether or not the readings have been written',
    file: 'packages/ingest/dist/commit.js',
    line: 'await ports.readings.write(held.lease, readings, stillHeld);',
    without: 'ports.readings.write(held.lease, readings, stillHeld).catch(() => undefined);',
    faults: ['D2b'],
    breaks: /\b(O1|O3|O4)\b/,
  },
  {
    id: 'M6',
    about: 'who asks during a sync does not earn one more',
    file: 'packages/queue/dist/request-sync.js',
    line: "keepLastIfActive: request.trigger !== 'poll'",
    without: 'keepLastIfActive: false',
    faults: ['I10'],
    breaks: /\bI10\b/,
  },
  {
    id: 'M7',
    about: "what Redis 7 puts before Bottleneck's errors is not taken off",
    file: 'packages/dexcom/dist/limiter-connection.js',
    line: '    healScriptErrors(inside);',
    without: '',
    faults: ['C2'],
    breaks: /\bI8\b/,
  },
  {
    id: 'M8',
    about: 'a call to DynamoDB that hangs is not given up',
    file: 'packages/store/dist/http-handler.js',
    line: 'ms`))), timeoutMs)',
    without: 'ms`))), 2 ** 30)',
    faults: ['D3'],
    breaks: /\b(O1|O8|O10|I12|I14)\b/,
  },
  {
    id: 'M9',
    about: 'any number of refreshes at once in a process',
    file: 'packages/dexcom/dist/token-turns.js',
    line: 'const TURNS = 2;',
    without: 'const TURNS = 200;',
    faults: ['I7'],
    breaks: /\bI7\b/,
  },
  {
    id: 'M10',
    // Errors of clients hold what they were asked for; names of fields are a second net below this one.
    about: 'errors are logged whole, not by an allow-list',
    file: 'packages/telemetry/dist/loggable.js',
    line: 'return errorFields(value, options);',
    without: 'return { ...value, message: value.message, cause: value.cause };',
    faults: ['C5', 'E11'],
    breaks: /\bO9\b/,
  },
  {
    id: 'M11',
    about: 'nobody restores schedules that Redis has lost',
    file: 'apps/worker/dist/fleet.js',
    line: 'reconciler.beat().catch(told)',
    without: 'Promise.resolve()',
    faults: ['C2'],
    breaks: /\bI12\b/,
  },
  {
    id: 'M12',
    about: 'nobody hears of messages that no queue wanted',
    file: 'packages/events/dist/confirming-channel.js',
    line: 'mandatory: true',
    without: 'mandatory: false',
    faults: ['E6'],
    breaks: /\bI3\b/,
  },
  {
    id: 'fence',
    about: 'a late write of an older run lands',
    file: 'packages/store/dist/reading-writer.js',
    line: 'attribute_not_exists(fence) OR fence < :fence',
    without: 'attribute_not_exists(fence) OR fence <> :fence',
    faults: ['B1b'],
    breaks: /\bO[1-4]\b/,
  },
]

const PRELOAD = new URL('../support/plant-mutant.ts', import.meta.url).href

/** With these every process of a stage runs without the protection. */
export const mutantVariables = ({ file, line, without }: Mutant): Record<string, string> => ({
  NODE_OPTIONS: `--import ${PRELOAD}`,
  BG_MUTANT: JSON.stringify({ file, line, without }),
})
