import { commands, helpOf, overview, readInvocation } from '@bg-ingest/worker/parts'
import { expect } from 'chai'

describe('worker: commands of operators', () => {
  it('are all in the overview, the programs of their own too, each with a line', () => {
    const names = [...overview().matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name)
    expect(names).to.deep.equal([...commands.map(({ name }) => name), 'doctor', 'republish', 'provision', 'token'])
    expect(names).to.include.members(['users', 'user', 'sync', 'reconcile', 'erase', 'rotate-keys', 'audit-verify'])
  })

  for (const command of commands)
    it(`${command.name}: its help names every option that it takes`, () => {
      const help = helpOf(command)
      expect(help).to.match(new RegExp(`^Usage: pnpm ops ${command.name} `))
      for (const option of Object.keys(command.options)) expect(help).to.include(`--${option}`)
      expect(readInvocation(command.name, ['--help'])).to.include({ help: true, json: false })
    })

  for (const [name, args, says] of [
    ['nothing', [], 'no command of this name'],
    ['users', ['--colour'], '--colour'],
    ['users', ['--limit'], '--limit'],
    ['erase', ['ada'], 'say --yes'],
    ['erase', ['--yes'], 'Whom'],
    ['sync', ['a b'], 'id of the person'],
    ['sync', ['ada', '--from', '2026-11-20T00:00:00Z'], 'go together'],
  ] as const)
    it(`refuses: ${name} ${args.join(' ')}`, () => {
      expect(() => readInvocation(name, args)).to.throw(says)
    })
})
