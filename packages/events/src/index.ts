export { createNoBroker } from './no-broker.ts'
export type { BrokerState, PublishOutcome } from './outcome.ts'
export { createPublisher, type EventPublisher, type OutgoingEvent, type PublisherOptions } from './publisher.ts'
