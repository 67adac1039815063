import { channel } from 'node:diagnostics_channel'

const steps = channel('bg.step')

/** Steps of a run, in their order (README: which kill point each is). Whoever subscribes to `bg.step` sees them pass. */
export type Step =
  | 'lease-wanted'
  | 'lease-taken'
  | 'adopted'
  | 'caught-up'
  | 'refresh-intended'
  | 'refresh-answered'
  | 'refresh-persisted'
  | 'fetched'
  | 'claimed'
  | 'writing'
  | 'written'
  | 'publishing'
  | 'published'
  | 'finishing'
  | 'finished'

/** Announces a step; costs nothing while nobody listens. */
export function step(name: Step): void {
  if (steps.hasSubscribers) steps.publish(name)
}
