import { channel } from 'node:diagnostics_channel'

const steps = channel('bg.step')

/** Steps of a run, in their order. Whoever subscribes to the channel `bg.step` sees each as it is reached. */
export type Step =
  | 'lease-taken'
  | 'adopted'
  | 'refresh-intended'
  | 'refresh-answered'
  | 'refresh-persisted'
  | 'fetched'
  | 'claimed'
  | 'written'
  | 'published'
  | 'finished'

/** Announces a step; costs nothing while nobody listens. */
export function step(name: Step): void {
  if (steps.hasSubscribers) steps.publish(name)
}
