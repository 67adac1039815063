import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'

const ROOT = join(import.meta.dirname, '../../..')
const FOLDER = join(ROOT, '.github/workflows')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly steps: readonly Step[]
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const texts = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(join(FOLDER, file), 'utf8') }))
const jobs = texts.flatMap(({ file, text }) =>
  Object.entries((parse(text) as Workflow).jobs).map(([name, job]) => ({ name: `${file}: ${name}`, job })),
)
const steps = jobs.flatMap(({ name, job }) => job.steps.map((step) => ({ name, ...step })))

describe('workflows', () => {
  it('take every action by the hash of a commit, and say which version that is', () => {
    const used = texts.flatMap(({ text }) => text.match(/uses: .*/g) ?? [])
    expect(used.length).to.be.above(8)
    for (const line of used) expect(line).to.match(/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    // One version of an action, everywhere.
    const names = new Set(used.map((line) => line.split('@')[0]))
    expect(new Set(used).size).to.equal(names.size)
  })

  it('have a token that reads, but for the two jobs that publish', () => {
    for (const { text } of texts) expect((parse(text) as Workflow).permissions).to.deep.equal({ contents: 'read' })
    const writers = jobs.filter(({ job }) => Object.values(job.permissions ?? {}).includes('write'))
    expect(writers.map(({ name }) => name)).to.deep.equal(['release.yml: images', 'release.yml: publish'])
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    for (const { with: options, name } of checkouts)
      expect(options, name).to.deep.include({ 'persist-credentials': false })
  })

  it('put nothing that a stranger may have written into a script', () => {
    for (const { run = '', name } of steps) expect(run, name).to.not.match(/\$\{\{/)
  })

  it('end by themselves', () => {
    for (const { name, job } of jobs) expect(job['timeout-minutes'], name).to.be.a('number')
  })

  it('run commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const called = steps.flatMap(({ run = '' }) => [...run.matchAll(/tools\/dev pnpm (?:--silent )?([\w:]+)/g)])
    for (const [, script = ''] of called) expect([...Object.keys(scripts), 'audit'], script).to.include(script)
  })
})
