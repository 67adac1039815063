export { type ConsumerOptions, consumeReadings, type ReadingsConsumer } from './consume-readings.ts'
export type { ReadingsChanged } from './message.ts'
export type { Batch, Gap, Keeper } from './take-range.ts'
export { deadLettersOf } from './topology.ts'
