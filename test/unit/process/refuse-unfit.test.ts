import { refuseUnfit } from '@bg-ingest/process'
import { expect } from 'chai'
import { until } from '../../support/until.ts'

describe('process: a dependency that will not do', () => {
  const refusal = () => {
    const late: string[] = []
    return {
      late,
      options: {
        asError: (flaws: readonly string[]) => new Error(flaws.join(', ')),
        onLate: ({ message }: Error) => void late.push(message),
      },
    }
  }

  it('lets no process start while it is there', async () => {
    const { options, late } = refusal()
    const refused = await refuseUnfit(Promise.resolve(['forgets', 'evicts']), options).catch(
      (err: Error) => err.message,
    )
    expect([refused, late]).to.deep.equal(['forgets, evicts', []])
  })

  it('is told of when it comes later, and not waited for', async () => {
    const { options, late } = refusal()
    const { promise, resolve } = Promise.withResolvers<readonly string[]>()
    await refuseUnfit(promise, options)
    expect(late).to.deep.equal([])
    resolve(['evicts'])
    await until('it is told', () => late.length > 0)
    expect(late).to.deep.equal(['evicts'])
  })

  it('that does, or that will not tell, is no reason', async () => {
    const { options, late } = refusal()
    await refuseUnfit(Promise.resolve([]), options)
    await refuseUnfit(Promise.reject(new Error('NOPERM')), options)
    expect(late).to.deep.equal([])
  })
})
