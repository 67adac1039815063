import { setTimeout as delay } from 'node:timers/promises'
import type { WireFault } from '../../support/dynamo-proxy.ts'
import type { Fault } from '../fault.ts'

/** Each call meets, with this probability, one of these. */
const flaky = (
  id: string,
  about: string,
  share: number,
  heldMs: number,
  faults: readonly WireFault[],
  of: (operation: string) => boolean = () => true,
): Fault => ({
  id,
  phase: 'dynamodb',
  about,
  scene: id,
  random: true,
  async play({ backends: { dynamodb }, random }) {
    const one = () => faults[Math.floor(random() * faults.length)] ?? null
    dynamodb.meet((operation) => (of(operation) && random() < share ? one() : null))
    await delay(heldMs)
    dynamodb.meet(() => null)
  },
})

export const dynamodb: readonly Fault[] = [
  flaky('D1', 'a third of all calls is throttled', 0.3, 5_000, ['throttled']),
  flaky('D2', 'every call fails for 5 s', 1, 5_000, ['failed']),
  flaky('D4', 'one answer in twenty is lost on the way', 0.05, 6_000, ['lost']),
  flaky('D5-D7', 'resets, cut answers and HTML in a tenth of all calls', 0.1, 6_000, ['reset', 'cut off', 'html']),
  flaky('D3', 'every call hangs for 4 s', 1, 4_000, ['hang']),
  flaky('D8', 'batches come back as unprocessed', 0.5, 5_000, ['unprocessed'], (name) => name === 'BatchWriteItem'),
]
