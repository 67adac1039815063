import { createOwner } from '@bg-ingest/process'
import { expect } from 'chai'

describe('process: owner', () => {
  function anOwner() {
    const told: unknown[] = []
    const closed: string[] = []
    const owner = createOwner((err) => told.push(err))
    const open = (name: string, fails?: unknown) =>
      owner.own(name, async (resource) => {
        closed.push(resource)
        if (fails) throw fails
      })
    return { owner, open, told, closed }
  }

  it('hands over what it owns', () => {
    const resource = { open: true }
    expect(anOwner().owner.own(resource, () => undefined)).to.equal(resource)
  })

  it('closes in reverse order, one after the other', async () => {
    const { owner, closed } = anOwner()
    for (const name of ['redis', 'queue', 'server'])
      owner.own(name, async () => {
        closed.push(`${name} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        closed.push(`${name} ends`)
      })
    await owner.close()
    expect(closed).to.deep.equal([
      'server begins',
      'server ends',
      'queue begins',
      'queue ends',
      'redis begins',
      'redis ends',
    ])
  })

  it('tells of a close that fails, and closes the rest', async () => {
    const { owner, open, told, closed } = anOwner()
    const [rejected, thrown] = [new Error('rejected'), new Error('thrown')]
    open('first')
    open('second', rejected)
    owner.own('third', () => {
      throw thrown
    })
    open('fourth')
    await owner.close()
    expect(closed).to.deep.equal(['fourth', 'second', 'first'])
    expect(told).to.deep.equal([thrown, rejected])
  })

  it('closes once', async () => {
    const { owner, open, closed } = anOwner()
    open('first')
    await Promise.all([owner.close(), owner.close()])
    await owner.close()
    expect(closed).to.deep.equal(['first'])
  })

  it('does not wait for one that hangs beyond the time for all, and closes the rest', async () => {
    const closed: string[] = []
    const owner = createOwner(() => undefined, 100)
    owner.own('first', (name) => closed.push(name))
    owner.own('frozen', () => new Promise<never>(() => undefined))
    owner.own('last', (name) => closed.push(name))
    const startedAt = performance.now()
    await owner.close()
    expect(closed).to.deep.equal(['last', 'first'])
    expect(performance.now() - startedAt).to.be.within(90, 400)
  })

  it('closes what was opened before a start that failed half-way', async () => {
    const { owner, open, closed } = anOwner()
    const start = async () => {
      open('redis')
      throw new Error('no table')
    }
    await start().catch(() => owner.close())
    expect(closed).to.deep.equal(['redis'])
  })
})
