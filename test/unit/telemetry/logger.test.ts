import { inspect } from 'node:util'
import { Secret } from '@bg-ingest/config'
import { AppError } from '@bg-ingest/domain'
import { createLogger, type Logger, type LogLevel } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import { fakeAmqpError, fakeAwsError, fakeGotError } from './leaky-errors.ts'

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 0, 5)

function capture(level: LogLevel = 'info') {
  const lines: string[] = []
  const logger = createLogger({ level, service: 'worker', write: (line) => lines.push(line), now: () => NOW_MS })
  const last = () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>
  return { logger, lines, last }
}

describe('logger', () => {
  it('writes one JSON object a line: time, level, service, message, fields', () => {
    const { logger, lines } = capture()
    logger.info('sync finished', { trigger: 'poll', stored: 3, outcome: null, at: new Date(NOW_MS) })
    expect(lines).to.deep.equal([
      '{"timestamp":"2026-11-23T12:00:00.005Z","level":"info","service":"worker","message":"sync finished",' +
        '"trigger":"poll","stored":3,"outcome":null,"at":"2026-11-23T12:00:00.005Z"}\n',
    ])
  })

  it('keeps silent below its level', () => {
    const { logger, lines } = capture('warn')
    logger.debug('a')
    logger.info('b')
    logger.warn('c')
    logger.error('d')
    expect(lines.map((line) => JSON.parse(line).message)).to.deep.equal(['c', 'd'])
  })

  it('adds the fields of its ancestors, the nearest last', () => {
    const { logger, last } = capture()
    logger.child({ jobId: 'j1', attempt: 1 }).child({ attempt: 2 }).info('x', { trigger: 'poll' })
    expect(last()).to.include({ jobId: 'j1', attempt: 2, trigger: 'poll' })
    logger.info('y')
    expect(last()).not.to.have.property('jobId')
  })

  it('does not let a field hide or forge what every line has', () => {
    const { logger, last } = capture()
    logger.info('real', { message: 'forged', level: 'error', service: 'x', timestamp: '0', stack: 'x' })
    expect(last()).to.include({
      message: 'real',
      level: 'info',
      service: 'worker',
      timestamp: '2026-11-23T12:00:00.005Z',
    })
  })

  it('keeps control characters escaped: one call is one line, and no terminal acts on it', () => {
    const { logger, lines, last } = capture()
    const evil = 'a\n{"level":"error"}\r\u001b[31m\u0000\u007f\u0085\u009b31m\u2028\u2029'
    logger.info('x', { path: evil })
    expect(lines).to.have.length(1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there
    expect(lines[0]?.slice(0, -1)).not.to.match(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
    expect(last().path).to.equal(evil)
  })

  it('survives whatever it is given', () => {
    const { logger, last } = capture()
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const thrower = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('CANARY')
      },
    })
    logger.info('x', {
      cycle,
      big: 5n,
      fn: () => 1,
      bytes: new Uint8Array([1, 2]),
      map: new Map([['a', 'b']]),
      bare: Object.create(null),
    })
    expect(last()).to.include({ big: '5', bytes: '[Uint8Array]', map: '[Map]' })
    logger.info('x', { thrower })
    expect(last()).to.include({ message: 'x', unloggable: true })
    logger.info('x', { long: 'y'.repeat(10_000), many: Array.from({ length: 1000 }, (_, i) => i) })
    expect(String(last().long)).to.have.length.below(2100)
    expect(last().many).to.have.length(50)
  })
})

describe('errors in logs', () => {
  it('say name, code and status; the message only of our own', () => {
    const { logger, last } = capture()
    const cause = Object.assign(new TypeError('fetch failed for https://u:p@h/?code=CANARY'), { code: 'ECONNREFUSED' })
    logger.error('x', { error: new AppError('upstream_unavailable', 'Dexcom cannot be reached', { cause }) })
    expect(last().error).to.deep.equal({
      name: 'AppError',
      code: 'upstream_unavailable',
      status: 503,
      message: 'Dexcom cannot be reached',
      cause: { name: 'TypeError', code: 'ECONNREFUSED' },
    })
  })

  it('are found under `err` where they came instead of the fields or the message', () => {
    const { logger, last } = capture()
    const error = Object.assign(new Error('m'), { code: 'ECONNRESET' })
    logger.error('x', error as never)
    expect(last()).to.deep.include({ message: 'x', err: { name: 'Error', code: 'ECONNRESET' } })
    logger.error(error as never)
    expect(last()).to.deep.include({ message: 'no message', err: { name: 'Error', code: 'ECONNRESET' } })
  })

  it('follow causes to a bounded depth, also round in a circle', () => {
    const { logger, last } = capture()
    const first = new Error('1')
    first.cause = new Error('2', { cause: first })
    logger.error('x', { error: first })
    expect(JSON.stringify(last()).match(/"cause"/g)).to.have.length(4)
  })

  it('bring their frames only at debug, without the lines of the message', () => {
    const error = new Error('CANARY\n    at CANARY (file:1:1)')
    const quiet = capture('info')
    quiet.logger.error('x', { error })
    expect(quiet.last().error).to.deep.equal({ name: 'Error' })
    const loud = capture('debug')
    loud.logger.error('x', { error })
    const { frames } = loud.last().error as { frames: string[] }
    expect(frames[0]).to.contain('logger.test.ts')
    expect(loud.lines[0]).not.to.contain('CANARY')
  })

  it('do not smuggle anything through name or code', () => {
    const { logger, lines } = capture()
    logger.error('x', {
      error: Object.assign(new Error('m'), { name: 'CANARY is here', code: 'CANARY: no', status: 'CANARY' }),
    })
    logger.error('x', { error: Object.assign(new Error('m'), { code: { CANARY: 1 }, cause: 'CANARY' }) })
    expect(lines.join('')).not.to.contain('CANARY')
  })
})

type Attempt = (logger: Logger, err: never) => void

/** Twelve ways in which a tired person logs an error, the last ones against the types. */
const WAYS: readonly (readonly [string, Attempt])[] = [
  ['as a field', (logger, err) => logger.error('x', { error: err })],
  ['as a field named err', (logger, err) => logger.error('x', { err })],
  ['instead of fields', (logger, err) => logger.error('x', err)],
  ['instead of the message', (logger, err) => logger.error(err)],
  ['as message and fields', (logger, err) => logger.error(err, err)],
  ['in a list', (logger, err) => logger.warn('x', { errors: [err, [err]] })],
  ['nested', (logger, err) => logger.info('x', { a: { b: { c: err } } })],
  ['as a cause of ours', (logger, err) => logger.error('x', { error: AppError.from(err) })],
  ['in a child', (logger, err) => logger.child({ err }).debug('x')],
  ['as a child', (logger, err) => logger.child(err).error('x')],
  ['unpacked', (logger, err) => logger.error('x', { ...(err as object) })],
  [
    'its answer and its options',
    (logger, err: { response: object; options: object }) =>
      logger.error('x', { response: err.response, options: err.options, ...err.response }),
  ],
]

describe('errors that carry tokens', () => {
  for (const [kind, make] of [
    ['got', fakeGotError],
    ['AWS', fakeAwsError],
    ['amqplib', fakeAmqpError],
  ] as const) {
    it(`the ${kind} error of this test leaks when it is printed, so that the next tests mean something`, () => {
      expect(inspect(make(), { depth: 9 })).to.contain('CANARY')
    })
    for (const [title, way] of WAYS) {
      it(`${kind}, ${title}: nothing gets out`, () => {
        for (const level of ['info', 'debug'] as const) {
          const { logger, lines } = capture(level)
          way(logger, make() as never)
          expect(lines.join('')).not.to.match(/canary/i)
        }
      })
    }
  }
})

describe('redaction', () => {
  const NAMES = [
    'authorization',
    'Proxy-Authorization',
    'cookie',
    'set-cookie',
    'accessToken',
    'refresh_token',
    'client_secret',
    'JWT_SECRET',
    'password',
    'webhook-signature',
    'x-api-key',
    'oauthCode',
    'code_verifier',
    'glucose',
    'value',
    'body',
    'userId',
    'dexcomUserId',
    'sub',
  ]
  for (const name of NAMES) {
    it(`hides ${name}, at any depth`, () => {
      const { logger, lines, last } = capture()
      logger.info('x', { [name]: 'CANARY', deep: [{ [name]: ['CANARY'] }] })
      expect(lines.join('')).not.to.contain('CANARY')
      expect(last()[name]).to.equal('[redacted]')
    })
  }

  it('hides numbers as well, but not that nothing is there', () => {
    const { logger, last } = capture()
    logger.info('x', { glucose: 111, token: null, hasSecret: true, code: 'not_connected', readings: 3 })
    expect(last()).to.include({
      glucose: '[redacted]',
      token: null,
      hasSecret: true,
      code: 'not_connected',
      readings: 3,
    })
  })

  it('hides a wrapped secret under any name', () => {
    const { logger, lines, last } = capture()
    logger.info('x', { anything: new Secret('CANARY'), list: [new Secret(new Uint8Array([67, 65]))] })
    expect(last()).to.deep.include({ anything: '[redacted]', list: ['[redacted]'] })
    expect(lines.join('')).not.to.contain('CANARY')
  })

  const TEXTS = [
    'GET failed: Bearer CANARY',
    'Authorization: Basic CANARY=',
    'https://h/oauth/callback?code=CANARY&state=CANARY',
    'grant_type=refresh_token&refresh_token=CANARY&client_secret=CANARY',
    '{"access_token":"CANARY"}',
    'amqp://user:CANARY@mq/vhost',
    'redis://:CANARY@localhost:6379',
    'jwt eyJhbGciOiJIUzI1NiJ9.CANARY.CANARY',
    'whsec_CANARY',
  ]
  for (const text of TEXTS) {
    it(`finds the secret inside "${text.slice(0, 24)}…"`, () => {
      const { logger, lines } = capture()
      logger.info(text, { note: text, list: [text], error: new AppError('internal_error', text) })
      expect(lines.join('')).not.to.contain('CANARY')
    })
  }
})
