/** How many applications, workers, Redis and DynamoDB so many people need. `pnpm capacity --help` */
import { parseArgs } from 'node:util'
import { applicationsFor, callsPerHour, SHARE } from './capacity-demand.ts'
import { simulatePolls } from './capacity-simulation.ts'
import { MEASURED } from './measured.ts'
import { seededRandom } from './seeded-random.ts'

const HELP = `Usage: pnpm capacity [--users N]... [--poll-seconds 900] [--hours 3] [--seed 1] [--json]
Simulates the polls of so many people under a virtual clock, with the product's own phases and call budget, and says what
they need. Without --users: 1000, 15000 and 1000000.`

const { values } = parseArgs({
  options: {
    users: { type: 'string', multiple: true, default: ['1000', '15000', '1000000'] },
    'poll-seconds': { type: 'string', default: '900' },
    hours: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const GB = 1_000_000_000
const READINGS_PER_YEAR = 105_120

function planFor(users: number, pollSeconds: number) {
  const applications = applicationsFor(users, { pollSeconds })
  const waits = simulatePolls({
    users: applications.usersEach,
    pollSeconds,
    otherCallsPerHour: callsPerHour({ pollSeconds }) - 3600 / pollSeconds,
    hours: Number(values.hours),
    random: seededRandom(Number(values.seed)),
  })
  const pollsPerSecond = users / pollSeconds
  return {
    users,
    applications: applications.count,
    usersPerApplication: applications.usersEach,
    budgetUsed: waits.used * SHARE,
    pollWaitP50Ms: waits.p50Ms,
    pollWaitP99Ms: waits.p99Ms,
    pollWaitMaxMs: waits.maxMs,
    busiestHour: waits.busiestHour,
    twoYearImportsPerHour: applications.importsPerHour * applications.count,
    pollsPerSecond,
    workers: Math.max(2, Math.ceil(pollsPerSecond / (MEASURED.pollsPerSecondPerWorker / 2))),
    redisGb: (users * MEASURED.redisBytesPerUser) / GB,
    redisProcesses: Math.max(1, Math.ceil(pollsPerSecond / (MEASURED.ticksPerSecond / 2))),
    writeUnitsPerSecond: pollsPerSecond * MEASURED.writeUnitsPerPollWithNews,
    readUnitsPerSecond: pollsPerSecond * MEASURED.readUnitsPerPoll,
    storageGbPerYear: (users * READINGS_PER_YEAR * MEASURED.storedBytesPerReading) / GB,
  }
}

const ROWS: readonly (readonly [string, keyof ReturnType<typeof planFor>, (value: number) => string])[] = [
  ['people', 'users', (n) => n.toLocaleString('en')],
  ['Dexcom applications', 'applications', String],
  ['people per application', 'usersPerApplication', (n) => n.toLocaleString('en')],
  ["of Dexcom's limit used by polling", 'budgetUsed', percent],
  ['busiest hour, of the limit', 'busiestHour', percent],
  ['a poll waits for its slot, median', 'pollWaitP50Ms', milliseconds],
  ['… 99 in 100 less than', 'pollWaitP99Ms', milliseconds],
  ['… at most', 'pollWaitMaxMs', milliseconds],
  ['imports of two years beside, per hour', 'twoYearImportsPerHour', (n) => n.toFixed(0)],
  ['polls a second', 'pollsPerSecond', (n) => n.toFixed(1)],
  ['workers (half loaded, at least two)', 'workers', String],
  ['Redis memory, GB', 'redisGb', (n) => n.toFixed(2)],
  ['Redis processes (half loaded)', 'redisProcesses', String],
  ['DynamoDB write units a second', 'writeUnitsPerSecond', (n) => n.toFixed(0)],
  ['DynamoDB read units a second', 'readUnitsPerSecond', (n) => n.toFixed(0)],
  ['DynamoDB, GB more each year', 'storageGbPerYear', (n) => n.toFixed(0)],
]

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function milliseconds(ms: number): string {
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(0)} s`
}

if (values.help) console.log(HELP)
else {
  const plans = values.users.map((users) => planFor(Number(users), Number(values['poll-seconds'])))
  if (values.json) console.log(JSON.stringify(plans, null, 2))
  else
    for (const [label, field, show] of ROWS)
      console.log([label.padEnd(40), ...plans.map((plan) => show(plan[field]).padStart(14))].join(''))
}
