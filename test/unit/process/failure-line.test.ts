import { failureLine } from '@bg-ingest/process'
import { expect } from 'chai'
import { fakeAmqpError, fakeAwsError, fakeGotError } from '../telemetry/leaky-errors.ts'

const CANARY = 'c4n4ry'

describe('process: what is printed of an error that ends a process', () => {
  const refused = Object.assign(new Error(`connect redis://:${CANARY}@db`), { code: 'ECONNREFUSED', url: CANARY })

  const lines: readonly (readonly [err: unknown, line: string])[] = [
    [refused, 'api failed: Error ECONNREFUSED'],
    [new TypeError(CANARY, { cause: refused }), 'api failed: TypeError, caused by Error ECONNREFUSED'],
    [
      Object.assign(new Error(CANARY), { name: `${CANARY} ${CANARY}`, code: `a ${CANARY}` }),
      'api failed: unknown error',
    ],
    [Object.assign(new Error(), { code: 406 }), 'api failed: Error 406'],
    [CANARY, 'api failed: string'],
    [{ password: CANARY }, 'api failed: object'],
    [null, 'api failed: unknown error'],
    [undefined, 'api failed: unknown error'],
  ]
  for (const [err, line] of lines)
    it(`is names and codes alone: ${line}`, () => {
      expect(failureLine('api failed', err)).to.equal(line)
    })

  it('ends for an error that is its own cause', () => {
    const loop = new Error(CANARY)
    loop.cause = loop
    expect(failureLine('x', loop)).to.equal('x: Error, caused by Error, caused by Error, caused by Error')
  })

  it('holds nothing of the errors of our libraries, whatever they carry', () => {
    for (const err of [fakeGotError(), fakeAwsError(), fakeAmqpError()])
      expect(failureLine('x', err)).to.match(/^x: [\w. -]+(, caused by [\w. -]+)*$/)
  })
})
