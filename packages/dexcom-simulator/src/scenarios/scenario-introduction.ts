import type { Region } from '../regions/region.ts'
import type { Scenario } from './scenario-file.ts'

interface Started {
  readonly regions: ReadonlyMap<string, Region>
}

/** What a person needs who runs a scenario by hand: what it is about, and how to point BG Ingest at it. */
export function scenarioIntroduction(scenario: Scenario, { regions }: Started): string[] {
  const { number, name, rehearses, expects, orchestrate, startMs, speed, users } = scenario
  return [
    `Scenario S${String(number).padStart(2, '0')} ${name}`,
    `Rehearses: ${rehearses}`,
    `Expected:  ${expects}`,
    ...(orchestrate === undefined ? [] : [`Beside it: ${orchestrate}`]),
    `Clock:     from ${new Date(startMs).toISOString()}, ${speed} virtual seconds a second`,
    `Accounts:  ${accountNames(users.map((user) => user.name))}`,
    '',
    'Start BG Ingest with these variables, then connect a person and pick an account on the login page:',
    ...[...regions.values()].flatMap(variables),
    '',
  ]
}

/** The first region is the service's `default`; the others carry their names (docs/configuration.md). */
function variables({ name, baseUrl, applications: [{ client }] }: Region, index: number): string[] {
  const prefix = index === 0 ? 'DEXCOM' : `DEXCOM_${name.toUpperCase().replaceAll('-', '')}`
  return [
    `  export ${prefix}_API_BASE_URL=${baseUrl}`,
    `  export ${prefix}_CLIENT_ID=${client.id}`,
    `  export ${prefix}_CLIENT_SECRET=${client.secret()}`,
  ]
}

const SHOWN_NAMES = 8

const accountNames = (names: readonly string[]): string =>
  names.length <= SHOWN_NAMES
    ? names.join(', ')
    : `${names.slice(0, SHOWN_NAMES).join(', ')} and ${names.length - SHOWN_NAMES} more`
