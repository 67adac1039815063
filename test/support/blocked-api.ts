/** An API in a process of its own whose event loop is blocked on demand: told so many milliseconds, each turn takes so long; 0 ends it. */
import { startLoadGauge } from '@bg-ingest/api/parts'
import { anApi } from '../unit/api/an-api.ts'

const gauge = startLoadGauge()
const api = await anApi({ lagMs: gauge.lagMs })

const spin = (ms: number) => {
  for (const until = performance.now() + ms; performance.now() < until; );
}

let turnMs = 0
const turn = () => {
  if (turnMs === 0) return
  spin(turnMs)
  setTimeout(turn, 0)
}

process.on('message', (ms: number) => {
  const isStart = turnMs === 0
  turnMs = ms
  if (isStart) turn()
})
process.send?.({ port: api.port, token: await api.token('alice') })
