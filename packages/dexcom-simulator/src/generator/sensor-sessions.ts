import type { Device } from '../devices.ts'
import { transmitterId } from '../identity.ts'

/** The sensor that is worn at an instant. */
export interface SensorSession {
  readonly startMs: number
  readonly endMs: number
  /** When the first reading may come. */
  readonly warmUntilMs: number
  readonly transmitterId: string
  readonly transmitterStartMs: number
}

interface SessionsInput {
  readonly seed: string
  readonly user: string
  readonly device: Device
  /** Where in a sensor's days this person changes sensors, [0, 1). */
  readonly phase: number
}

/** One sensor after the other, without end in both directions. The last one asked for is kept: pages are walked in order. */
export function createSensorSessions({ seed, user, device, phase }: SessionsInput): (epochMs: number) => SensorSession {
  const { sessionMs } = device
  const phaseMs = Math.floor((phase * sessionMs) / 1000) * 1000
  const startOf = (ordinal: number) => ordinal * sessionMs + phaseMs
  let last: SensorSession | null = null
  return (epochMs) => {
    if (last && epochMs >= last.startMs && epochMs < last.endMs) return last
    const ordinal = Math.floor((epochMs - phaseMs) / sessionMs)
    const transmitter = Math.floor(ordinal / device.sessionsPerTransmitter)
    last = {
      startMs: startOf(ordinal),
      endMs: startOf(ordinal + 1),
      warmUntilMs: startOf(ordinal) + device.warmUpMs,
      transmitterId: transmitterId(seed, user, transmitter),
      transmitterStartMs: startOf(transmitter * device.sessionsPerTransmitter),
    }
    return last
  }
}
