import { PRIORITY, toInstant, UserId } from '@bg-ingest/domain'
import { definitionOf, JOB_KEYS, type JobKey, jobs } from '@bg-ingest/queue'
import { expect } from 'chai'

const userId = UserId.parse('auth0|7:a')
const range = { from: toInstant(0), to: toInstant(1_000) }

const SAMPLES: { readonly [K in JobKey]: object } = {
  syncUser: { v: 1, userId, trigger: 'manual', requestId: 'r' },
  ingestPush: { v: 1, userId, requestId: 'r', sealed: null, digest: 'd' },
  importHistory: { v: 1, userId },
  connectUser: { v: 1, userId, region: 'default', sealedCode: 's', requestId: 'r' },
  disconnectUser: { v: 1, userId, erase: true, requestId: 'r' },
  configureUser: { v: 1, userId, pollIntervalSeconds: 60, paused: true, requestId: 'r' },
  reconcileUser: { v: 1, userId },
  examineUser: { v: 1, userId },
  applyRetention: { v: 1, userId },
  publishChanges: { v: 1, userId },
  pollTick: { v: 1, userId },
}

describe('queue: catalogue of jobs', () => {
  for (const key of JOB_KEYS) {
    const { schema, priority, options, queue, name } = definitionOf(key)

    it(`${name} takes its payload, and leaves out what a later version adds`, () => {
      expect(schema.safeParse(SAMPLES[key]).success).to.equal(true)
      expect(schema.safeParse({ ...SAMPLES[key], v: 2 }).success, 'unknown version').to.equal(false)
      expect(schema.parse({ ...SAMPLES[key], token: 'x' }), 'unknown field').to.deep.equal(schema.parse(SAMPLES[key]))
      const { requestId: _, ...before } = { requestId: 'r', ...SAMPLES[key] }
      const hadOne = 'requestId' in SAMPLES[key]
      expect(schema.safeParse(before).success, 'a job of a version without request ids').to.equal(!hadOne)
      expect(schema.safeParse({ ...SAMPLES[key], userId: 'a b' }).success, 'bad user').to.equal(false)
    })

    it(`${name} has a priority, a bound on what is kept, and names without ':'`, () => {
      expect(priority(schema.parse(SAMPLES[key]))).to.be.greaterThan(0)
      expect(options.attempts).to.be.a('number')
      expect(options.removeOnComplete).to.not.equal(undefined)
      expect(options.removeOnFail).to.not.equal(undefined)
      expect(`${name}${queue}`).to.not.include(':')
    })
  }

  it('gives a sync the priority of its trigger', () => {
    const of = (trigger: string) => jobs.syncUser.priority(jobs.syncUser.schema.parse({ ...SAMPLES.syncUser, trigger }))
    expect([of('manual'), of('webhook'), of('poll')]).to.deep.equal([PRIORITY.manual, PRIORITY.webhook, PRIORITY.poll])
  })

  it('keeps a range apart from the ordinary sync and from other ranges', () => {
    const id = (extra: object) => jobs.syncUser.dedup(jobs.syncUser.schema.parse({ ...SAMPLES.syncUser, ...extra }))
    const ids = [id({}), id({ range }), id({ range: { ...range, to: toInstant(2_000) } })]
    expect(new Set(ids).size).to.equal(3)
    expect(id({ trigger: 'poll', requestId: 'other' })).to.equal(id({}))
    expect(id({ range })).to.equal(ids[1])
  })

  it('keeps the status of a sync for two hours after its end, a failed one for a week', () => {
    expect(jobs.syncUser.options.removeOnComplete).to.deep.equal({ age: 7_200 })
    expect(jobs.syncUser.options.removeOnFail).to.deep.equal({ age: 604_800, count: 10_000 })
  })
})
