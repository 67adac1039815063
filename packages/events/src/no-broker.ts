import type { EventPublisher } from './publisher.ts'

/** The publisher of a service without RABBITMQ_URL: takes nothing, so that changes wait for a broker to be configured. */
export function createNoBroker(): EventPublisher {
  return {
    publishInOrder: async () => 0,
    state: () => 'off',
    close: async () => undefined,
  }
}
