/** Prints where a worker spends its CPU, as a table in Markdown: `node --conditions=source test/bench/worker-profile.ts sync|page|import [frames]` */
import type { Frame } from './cpu-profile.ts'
import { importAll, servePages } from './import.ts'
import { syncAll, variantsOf } from './sync-cpu.ts'
import { startWorkerStage, type WorkerStage } from './worker-stage.ts'

const [what = 'sync', frames = '10'] = process.argv.slice(2)
const WARM_UP_ROUNDS = 2
const ROUNDS = 3

async function profileOfSyncs(stage: WorkerStage): Promise<readonly Frame[]> {
  const variants = await variantsOf(stage)
  const variant = variants[what === 'sync' ? 0 : 1]
  if (!variant) throw new Error('nothing to profile')
  const run = async (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) await syncAll(stage, variant)
  }
  await run(WARM_UP_ROUNDS)
  return stage.worker.profile(() => run(ROUNDS))
}

async function profileOfImports(stage: WorkerStage): Promise<readonly Frame[]> {
  servePages(stage)
  await importAll(stage, 'warm-up')
  return stage.worker.profile(() => importAll(stage, 'profiled'))
}

const stage = await startWorkerStage()
try {
  const profile = await (what === 'import' ? profileOfImports(stage) : profileOfSyncs(stage))
  console.log(`| ${what} | own time |\n|---|---|`)
  for (const { name, self } of profile.slice(0, Number(frames)))
    console.log(`| ${name} | ${(100 * self).toFixed(1)} % |`)
} finally {
  await stage.stop()
}
