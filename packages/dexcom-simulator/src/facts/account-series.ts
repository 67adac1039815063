import type { Device } from '../devices.ts'
import type { Facts } from '../options/fact-options.ts'
import type { Life, Series, SourceEgv, SourceRecord, Walk } from '../series.ts'
import { alertsOf } from './alerts.ts'
import { withScript } from './body.ts'
import { createDeviceClock } from './device-clock.ts'
import { mergeWalks } from './merge.ts'
import { withOffline } from './offline.ts'
import { twinsOf } from './twins.ts'

interface AccountSeriesInput {
  readonly life: Life
  readonly facts: Facts
  readonly device: Device
  readonly dice: number
}

const NOTHING = () => []

/** From what was measured to what the account's devices send: body, way to the cloud, clock, second device. */
export function createAccountSeries({ life, facts, device, dice }: AccountSeriesInput): Series {
  const { offline = [], clock, twin } = facts
  const body = withScript(life, facts, dice)
  const sent = <T extends SourceRecord>(walk: Walk<T>, isSensed: boolean) =>
    withOffline(walk, { offline, backfillMs: device.backfillMs, isSensed })
  const timed: <T extends SourceRecord>(walk: Walk<T>) => Walk<T> = clock
    ? createDeviceClock({ setAtMs: life.firstMs, ...clock })
    : (walk) => walk

  const egvs = sent(body.egvs, true)
  const own = timed(egvs)
  // A receiver hears the sensor by itself, whatever has become of the phone; a watch hears the phone.
  const others = (): Walk<SourceEgv>[] =>
    twin
      ? [twinsOf(twin.device === 'receiver' ? timed(body.egvs) : own, { twin, dice, sessionEndMs: life.sessionEndMs })]
      : []
  return {
    egvs: twin ? mergeWalks([own, ...others()]) : own,
    calibrations: device.line === 'one' ? NOTHING : timed(sent(body.calibrations, false)),
    events: device.line === 'one' ? NOTHING : timed(sent(body.events, false)),
    alerts: timed(alertsOf(egvs, device.line)),
  }
}
