import { setTimeout as delay } from 'node:timers/promises'
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { jobs } from '@bg-ingest/queue'
import { createLogContext, createLogger, withContext } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import { Redis } from 'ioredis'

function bench() {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', service: 'worker', write: (line) => lines.push(line) })
  const context = createLogContext()
  return { lines, logger, context, traced: withContext(logger, context), last: () => JSON.parse(lines.at(-1) ?? '{}') }
}

describe('logs: ids of the work', () => {
  it('are on every line below it, across awaits, timers and promises that others settle', async () => {
    const { context, traced, lines } = bench()
    const door = Promise.withResolvers<void>()
    const work = (jobId: string) =>
      context.run({ jobId, requestId: `r-${jobId}` }, async () => {
        traced.info('begins')
        await delay(1)
        await door.promise
        traced.child({ step: 1 }).info('ends')
      })
    const both = [work('a'), work('b')]
    // Settled under other work, as a queue for a turn does it.
    await context.run({ jobId: 'other' }, async () => door.resolve())
    await Promise.all(both)
    const seen = lines
      .map((line) => JSON.parse(line))
      .map(({ message, jobId, requestId }) => [message, jobId, requestId])
    expect(seen).to.have.deep.members([
      ['begins', 'a', 'r-a'],
      ['begins', 'b', 'r-b'],
      ['ends', 'a', 'r-a'],
      ['ends', 'b', 'r-b'],
    ])
  })

  it('of work inside of other work are added to its own; outside there are none; a field of the call wins', () => {
    const { context, traced, logger, last } = bench()
    context.run({ requestId: 'r', jobId: 'outer' }, () => {
      context.run({ jobId: 'inner' }, () => traced.warn('x'))
      expect(last()).to.include({ requestId: 'r', jobId: 'inner' })
      traced.error('x', { jobId: 'told' })
      expect(last()).to.include({ jobId: 'told' })
      logger.info('of a connection that lives on')
      expect(last()).to.not.have.any.keys('requestId', 'jobId')
    })
    traced.debug('x')
    expect(last()).to.not.have.any.keys('requestId', 'jobId')
  })

  it('cannot bring a secret or an id in clear onto a line', () => {
    const { context, traced, lines } = bench()
    context.run({ userId: 'CANARY', token: 'CANARY', url: 'https://u:CANARY@h' }, () => traced.info('x'))
    expect(lines.join('')).to.not.include('CANARY')
  })
})

describe('logs: errors of the libraries that we use', () => {
  const errors: readonly (readonly [string, () => Promise<unknown> | unknown])[] = [
    ['zod', () => jobs.syncUser.schema.parse({ v: 1, userId: 'CANARY user', trigger: 'CANARY', requestId: 'CANARY' })],
    [
      'aws',
      () => {
        const refused = new ConditionalCheckFailedException({ message: 'CANARY', $metadata: { requestId: 'r-1' } })
        throw Object.assign(refused, { Item: { refreshToken: { S: 'CANARY' } }, $response: { body: 'CANARY' } })
      },
    ],
    [
      'ioredis',
      async () => {
        const redis = new Redis('redis://:CANARY@127.0.0.1:1/0', { lazyConnect: true, retryStrategy: () => null })
        redis.on('error', () => undefined)
        await redis.set('CANARY', 'CANARY').finally(() => redis.disconnect())
      },
    ],
    [
      'ioredis, an answer of Redis',
      () => {
        const command = { name: 'auth', args: ['user', 'CANARY'] }
        throw Object.assign(new Error('WRONGPASS CANARY'), { name: 'ReplyError', command })
      },
    ],
  ]
  for (const [name, fail] of errors)
    it(`${name}: name and code at most, whichever way they are handed over`, async () => {
      const { logger, lines } = bench()
      const err = await Promise.resolve()
        .then(fail)
        .then(
          () => expect.fail('it did not fail'),
          (thrown: unknown) => thrown as Error,
        )
      logger.error('x', { err })
      logger.error('x', err as never)
      logger.error(err as never)
      logger.error('x', { nested: { deep: [err] }, cause: new Error('outer', { cause: err }) })
      logger.child({ err }).error('x')
      expect(lines).to.have.length(5)
      expect(lines.join('')).to.not.include('CANARY')
      expect(JSON.parse(lines[0] ?? '').err.name).to.match(/^\w+$/)
    })
})
