import { Writable } from 'node:stream'
import winston from 'winston'
import { fieldsOf, isPlain } from './loggable.ts'
import { scrub } from './redaction.ts'

export type Fields = Readonly<Record<string, unknown>>

/**
 * The only logging surface: winston's own type has an index signature, so that a typing error compiles and throws.
 * `message` is a constant phrase; what changes from call to call goes into `fields`.
 */
export interface Logger {
  error(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  debug(message: string, fields?: Fields): void
  /** A logger that adds these fields to every line. */
  child(fields: Fields): Logger
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface LoggerOptions {
  readonly level: LogLevel
  /** Which process speaks: api, worker … */
  readonly service: string
  /** Takes one line with its line end; stdout where unset. */
  readonly write?: (line: string) => void
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** JSON lines on stdout. Errors are written by an allow-list and secrets are redacted, whatever a caller hands over. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, service, write = (line) => void process.stdout.write(line), now = Date.now } = options
  const withFrames = level === 'debug'
  const line = winston.format((info) => {
    const time = new Date(now()).toISOString()
    const fields = fieldsOf(info.fields, { withFrames })
    // The spread comes first and these four again last: a field can neither hide nor forge them.
    const head = { timestamp: time, level: info.level, service, message: messageOf(info.message) }
    info[Symbol.for('message')] = escaped(JSON.stringify({ ...head, ...fields, ...head }))
    return info
  })
  const sink = winston.createLogger({
    level,
    levels: LEVELS,
    format: line(),
    transports: [new winston.transports.Stream({ stream: toStream(write), eol: '\n' })],
  })
  // winston formats a line before it finds that nobody wants it: 17 us of every call, for a line of debug.
  const isWanted = (entry: Entry) => LEVELS[entry.level] <= LEVELS[level]
  return over((entry) => void (isWanted(entry) && sink.log(entry)), {})
}

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const

interface Entry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: unknown
}

// Entries go to winston as one object, with the fields a level deeper: handed over side by side it would mix a field
// named `message` into the phrase and copy an error's stack to the line.
function over(log: (entry: Entry) => void, context: Fields): Logger {
  const at = (level: LogLevel) => (message: string, fields?: Fields) =>
    log({ level, message, fields: joined(context, fields, message) })
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => over(log, joined(context, fields, '')),
  }
}

/** Callers in a hurry hand over an error where fields or the message belong; it is then written as an error is. */
function joined(context: Fields, fields: unknown, message: unknown): Fields {
  const spoken = message instanceof Error ? { err: message } : {}
  if (fields instanceof Error) return { ...context, ...spoken, err: fields }
  // Spreading an instance, such as a whole response, would unpack what the class name alone may say of it.
  const given = fields === undefined || isPlain(fields) ? fields : { fields }
  return { ...context, ...spoken, ...given }
}

const messageOf = (message: unknown): string => (typeof message === 'string' ? scrub(message) : 'no message')

/** JSON leaves C1 controls and the two line ends of Unicode as they are; terminals and log readers act on them. */
const escaped = (json: string): string =>
  json.replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

const toStream = (write: (line: string) => void): Writable =>
  new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      write(String(chunk))
      done()
    },
  })
