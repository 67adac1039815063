import { toInstant } from '@bg-ingest/domain'
import type { SealedTokens } from '@bg-ingest/ingest'
import { aMeasurement } from './build.ts'
import type { TestDynamo } from './dynamo.ts'
import { aWorld, HOUR_MS, type World } from './world.ts'

/** The access tokens of these tests live two hours and are renewed up to 15 minutes before. */
const DUE_MS = 2 * HOUR_MS
/** Due for a refresh, and good for a minute more. */
export const NEARLY_MS = DUE_MS - 60_000

/** A connected person with one reading at Dexcom. */
export async function connectedWorld(dynamo: TestDynamo): Promise<World> {
  const world = aWorld(dynamo)
  await world.connect()
  world.dexcom.add(aMeasurement({ timestamp: toInstant(world.clock.now() - 1_000) }))
  return world
}

/** The same, later: the tokens have to be renewed. */
export async function dueWorld(dynamo: TestDynamo, passedMs = DUE_MS): Promise<World> {
  const world = await connectedWorld(dynamo)
  world.clock.advance(passedMs)
  return world
}

/** The refresh tokens that Dexcom was shown, in order. */
export const presented = ({ dexcom }: World): readonly (string | undefined)[] =>
  dexcom.asked.filter(({ method }) => method === 'refresh').map((call) => call.presented)

/** The reasons of every `connection.needs_reauth` that was told. */
export const ended = ({ publisher }: World): readonly (string | undefined)[] =>
  publisher.ofKind('connection.needs_reauth').map(({ data }) => data.reason)

export async function tokensOf(world: World): Promise<SealedTokens> {
  const tokens = (await world.connection())?.tokens
  if (!tokens) throw new Error('no tokens')
  return tokens
}
