import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { type BrokerState, createNoBroker, createPublisher, type PublishOutcome } from '@bg-ingest/events'
import { expect } from 'chai'
import { until } from '../../support/until.ts'
import { someEvents } from './some-events.ts'

describe('publisher without a broker', () => {
  it('takes nothing where none is configured', async () => {
    const publisher = createNoBroker()
    expect(await publisher.publishInOrder(someEvents(3))).to.equal(0)
    expect(publisher.state()).to.equal('off')
    await publisher.close()
  })

  it('answers at once while the broker is away, and says so', async () => {
    const told: [string, PublishOutcome, number][] = []
    const states: BrokerState[] = []
    const publisher = createPublisher({
      url: 'amqp://guest:guest@127.0.0.1:1',
      onOutcome: (...outcome) => told.push(outcome),
      onState: (state) => states.push(state),
    })
    const startedAt = performance.now()
    expect(await publisher.publishInOrder(someEvents(3))).to.equal(0)
    expect(performance.now() - startedAt).to.be.below(500)
    expect(told).to.deep.equal([['io.bg-ingest.readings.changed.v1', 'unavailable', 3]])
    expect(publisher.state()).to.equal('connecting')
    await publisher.close()
    expect(publisher.state()).to.equal('off')
    expect(await publisher.publishInOrder(someEvents(1))).to.equal(0)
    expect(states).to.deep.equal(['off'])
    await publisher.close()
  })

  it('lets go of a broker that never answers', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => {
      sockets.add(socket)
      socket
        .on('error', () => undefined)
        .on('close', () => sockets.delete(socket))
        .resume()
    })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const publisher = createPublisher({ url: `amqp://guest:guest@127.0.0.1:${port}` })
    await until('a connection', () => sockets.size === 1)
    expect(await publisher.publishInOrder(someEvents(1))).to.equal(0)
    await publisher.close()
    await until('no connection', () => sockets.size === 0)
    silent.close()
    await once(silent, 'close')
  })

  it('never repeats its URL', () => {
    const outcome = (() => {
      try {
        return createPublisher({ url: '//guest:CANARY@broker' })
      } catch (err) {
        return err
      }
    })()
    expect(outcome).to.be.instanceOf(TypeError)
    expect(inspect(outcome, { showHidden: true })).to.not.include('CANARY')
  })

  it('publishes nothing of nothing', async () => {
    const publisher = createPublisher({ url: 'amqp://127.0.0.1:1' })
    expect(await publisher.publishInOrder([])).to.equal(0)
    await publisher.close()
  })
})
