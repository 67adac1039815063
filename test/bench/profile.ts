/** Prints where the API spends its CPU on one kind of read, as a table in Markdown: `profile.ts latest, entry`. */
import { parseArgs } from 'node:util'
import { READS, warmUp } from './read-variants.ts'
import { startReads } from './reads-process.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { frames: { type: 'string', default: '10' }, rounds: { type: 'string', default: '5' } },
})
const variant = READS.find(({ name }) => name === positionals.join(' '))
if (variant) {
  const server = await startReads()
  const { run } = await warmUp(server, variant)
  await run()
  const frames = await server.profile(() => run(variant.calls * Number(values.rounds)))
  console.log(`| ${variant.name} | own time |\n|---|---|`)
  for (const { name, self } of frames.slice(0, Number(values.frames)))
    console.log(`| ${name} | ${(100 * self).toFixed(1)} % |`)
  await server.stop()
} else {
  console.error(`One of: ${READS.map(({ name }) => name).join('; ')}`)
  process.exitCode = 1
}
