import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { createTokenVerifier } from '@bg-ingest/security'
import { expect } from 'chai'

const SECRET = 'a-secret-for-tests-0123456789-0123456789'
const folder = join(import.meta.dirname, '../../../apps/api')

interface Run {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** Runs `pnpm token` as its script does, with nothing of this process's environment. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = { JWT_SECRET: SECRET }): Promise<Run> {
  const node = ['--conditions=source', 'src/token.ts', ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, node, { cwd: folder, env }, (failed, out, err) =>
      resolve({ exitCode: Number(failed?.code ?? 0), out, err }),
    )
  })
}

describe('pnpm token', () => {
  it('prints a token that the API takes', async () => {
    const { exitCode, out, err } = await run([
      '--user',
      'auth0|alice',
      '--scope',
      'bg:read  bg:any-user',
      '--ttl',
      '2m',
    ])
    expect([exitCode, err]).to.deep.equal([0, ''])
    const verify = (nowMs: number) => {
      const key = { kind: 'secret', secret: SECRET } as const
      return createTokenVerifier({ key, audience: 'bg-ingest', now: () => nowMs }).verify(`Bearer ${out.trim()}`)
    }
    const caller = await verify(Date.now())
    expect(caller).to.deep.include({ sub: 'auth0|alice', anyUser: true })
    expect([...caller.scopes]).to.deep.equal(['bg:read', 'bg:any-user'])
    const late = await verify(Date.now() + 200_000).catch((error: { code: string }) => error.code)
    expect(late).to.equal('unauthorized')
  })

  it('says how it is used', async () => {
    const { exitCode, out } = await run(['--help'], {})
    expect(exitCode).to.equal(0)
    expect(out).to.match(/^Usage: pnpm token --user <id>/)
  })

  const problems: readonly (readonly [args: string, message: string])[] = [
    ['', '--user is missing: whom is the token for? See --help.'],
    ['--user', "Option '--user <value>' argument missing. See --help."],
    ['--user a/b', '--user must be 1 to 128 of A-Z a-z 0-9 . _ ~ @ | : + = -'],
    ['--user alice --ttl 0h', '--ttl takes a number from 1 with s, m, h or d, such as 1h'],
    ['--user alice --ttl soon', '--ttl takes a number from 1 with s, m, h or d, such as 1h'],
    ['--user alice --scope=', '--scope names no scope; leave it out for the usual three'],
    ['--user alice --bogus', "Unknown option '--bogus'. See --help."],
    ['alice', "Unexpected argument 'alice'. See --help."],
  ]
  for (const [args, message] of problems)
    it(`says in one line what is wrong with "${args}"`, async () => {
      const { exitCode, out, err } = await run(args.split(' ').filter(Boolean))
      expect({ exitCode, out, err }).to.deep.equal({ exitCode: 1, out: '', err: `${message}\n` })
    })

  it('makes no token that lives longer than the API allows', async () => {
    const env = { JWT_SECRET: SECRET, JWT_MAX_LIFETIME_SECONDS: '3600' }
    const { exitCode, out, err } = await run(['--user', 'alice', '--ttl', '2h'], env)
    expect({ exitCode, out }).to.deep.equal({ exitCode: 1, out: '' })
    expect(err).to.equal('--ttl is above JWT_MAX_LIFETIME_SECONDS, 3600: the API would refuse the token\n')
    expect((await run(['--user', 'alice'], env)).exitCode).to.equal(0)
  })

  it('names the variable that is missing or bad, without its value', async () => {
    const none = await run(['--user', 'alice'], {})
    expect(none.err).to.equal('Bad configuration:\n  JWT_SECRET: is required\n')
    const short = await run(['--user', 'alice'], { JWT_SECRET: 'c4n4ry' })
    expect(short).to.deep.equal({
      exitCode: 1,
      out: '',
      err: 'Bad configuration:\n  JWT_SECRET: must be at least 32 bytes\n',
    })
  })
})
