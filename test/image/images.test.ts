import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, lstatSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { developmentSecrets } from '@bg-ingest/demo'
import { onFreePorts } from '@bg-ingest/local-stack'
import { expect } from 'chai'
import { freshTables } from '../support/dynamo.ts'
import { fromRunner } from '../support/e2e-system.ts'
import { type BuiltImage, type ImageStore, openImageStore, startIn, type Target } from '../support/image-store.ts'
import { until } from '../support/until.ts'

const TARGETS = ['api', 'worker'] as const
const PORTS: Readonly<Record<Target, string>> = { api: 'PORT', worker: 'WORKER_PORT' }
const MOST_MB = 150
const BUILD_WITHIN_MS = 600_000
const STARTS_WITHIN_MS = 30_000
/** Shown by name in a folder of packages; none of them may be. */
const ONLY_FOR_BUILDS = ['typescript', '@biomejs', 'turbo', 'knip', 'mocha', 'chai', 'playwright-core', 'dynalite']

describe('The images of docker/Dockerfile', function () {
  this.timeout(BUILD_WITHIN_MS)
  let store: ImageStore
  const built = new Map<Target, BuiltImage>()
  const running: ChildProcess[] = []
  const image = (target: Target): BuiltImage => {
    const found = built.get(target)
    if (!found) throw new Error(`${target} is not built`)
    return found
  }
  before(async () => {
    store = await openImageStore()
    for (const target of TARGETS) {
      const startedAt = performance.now()
      built.set(target, await store.build(target))
      console.log(`      ${target}: built in ${Math.round((performance.now() - startedAt) / 1000)} s`)
    }
  })
  after(async () => {
    for (const child of running) if (child.exitCode === null) child.kill('SIGKILL')
    await Promise.all(running.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
    await store.remove()
  })

  for (const target of TARGETS) {
    const filesOf = (pattern: string) => globSync(pattern, { cwd: join(image(target).root, 'app') })

    it(`${target}: runs as nobody, on its port, and knows how it feels`, () => {
      const { config } = image(target)
      expect(config).to.include({ User: '10001:10001', WorkingDir: '/app', StopSignal: 'SIGTERM' })
      expect(config.Cmd).to.deep.equal(['node', 'dist/main.js'])
      expect(Object.keys(config.ExposedPorts)).to.deep.equal([target === 'api' ? '5001/tcp' : '5002/tcp'])
      expect(config.Healthcheck.Test[0]).to.equal('CMD')
    })

    it(`${target}: has no secret in its settings, and no variable beside Node's`, () => {
      const names = image(target).config.Env.map((line) => line.split('=')[0])
      // The certificates are the test's base image's.
      const base = ['PATH', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']
      expect(names.filter((name = '') => !base.includes(name))).to.deep.equal(['NODE_ENV', 'NODE_OPTIONS'])
    })

    it(`${target}: holds what it runs and nothing that only builds or tests need`, () => {
      const { root } = image(target)
      const packages = filesOf('node_modules/.pnpm/node_modules/{*,@*/*}').concat(filesOf('node_modules/{*,@*/*}'))
      expect(packages.length).to.be.above(50)
      const forBuilds = packages.filter((path) => ONLY_FOR_BUILDS.some((name) => path.split('/').includes(name)))
      expect(forBuilds).to.deep.equal([])
      expect(
        filesOf('**/{.env*,.npmrc,.git,*.pem,*.tsbuildinfo}').filter((path) => !path.includes('node_modules/.pnpm')),
      ).to.deep.equal([])
      for (const tool of ['npm', 'npx', 'corepack'])
        expect(existsSync(join(root, 'usr/local/bin', tool)), tool).to.equal(false)
    })

    it(`${target}: belongs to root, so that whoever breaks in changes nothing`, () => {
      const { root } = image(target)
      for (const path of ['.', 'dist', 'dist/main.js', 'package.json', 'node_modules']) {
        const { uid, gid, mode } = lstatSync(join(root, 'app', path))
        expect([uid, gid, mode & 0o002], path).to.deep.equal([0, 0, 0])
      }
    })

    it(`${target}: weighs at most ${MOST_MB} MB beside Node`, async () => {
      const { stdout } = await promisify(execFile)('du', ['-s', '--block-size=1M', join(image(target).root, 'app')])
      const megabytes = Number.parseInt(stdout, 10)
      console.log(`      ${target}: ${megabytes} MB`)
      expect(megabytes).to.be.above(10).and.below(MOST_MB)
    })
  }

  const variables = (): Record<string, string> => {
    const { readings, accounts } = freshTables()
    const backends = [
      'REDIS_URL',
      'RABBITMQ_URL',
      'DYNAMODB_ENDPOINT',
      'AWS_REGION',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
    ]
    return {
      ...Object.fromEntries(backends.map((name) => [name, fromRunner(name)])),
      ...developmentSecrets({}),
      NODE_ENV: 'development',
      DYNAMODB_TABLE: readings,
      DYNAMODB_ACCOUNTS_TABLE: accounts,
      DEXCOM_CLIENT_ID: 'an-id',
      DEXCOM_CLIENT_SECRET: 'a-secret',
      SHUTDOWN_GRACE_SECONDS: '5',
    }
  }
  const start = (target: Target, command: readonly string[], env: Readonly<Record<string, string>>) => {
    const child = startIn(image(target), command, env)
    running.push(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    return { child, output: () => output }
  }
  const ended = async (target: Target, command: readonly string[], env: Readonly<Record<string, string>>) => {
    const { child, output } = start(target, command, env)
    const [code] = await once(child, 'close')
    return { code, output: output() }
  }

  it('start on a root that cannot be written, answer, and end when told', async () => {
    const shared = variables()
    const provisioned = await ended('worker', ['node', 'dist/provision.js'], shared)
    expect(provisioned.code, provisioned.output).to.equal(0)
    for (const target of TARGETS)
      await onFreePorts(['port'], {}, async ({ port }) => {
        const env = { ...shared, [PORTS[target]]: String(port) }
        const { config } = image(target)
        const check = config.Healthcheck.Test.slice(1)
        expect((await ended(target, check, env)).code, 'the health check before anything runs').to.equal(1)
        const startedAt = performance.now()
        const { child, output } = start(target, config.Cmd, env)
        const answers = (path: string) => async () => {
          if (child.exitCode !== null) throw new Error(`${target} ended:\n${output()}`)
          return (await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null))?.ok === true
        }
        await until(`the ${target} lives`, answers('/healthz'), STARTS_WITHIN_MS)
        console.log(`      ${target}: lives after ${Math.round(performance.now() - startedAt)} ms`)
        await until(`the ${target} is ready`, answers('/readyz'), STARTS_WITHIN_MS)
        expect((await ended(target, check, env)).code, 'the health check of a process that lives').to.equal(0)
        child.kill('SIGTERM')
        const [code] = await once(child, 'exit')
        expect(code, output()).to.equal(0)
      })
  })

  it('run without __proto__, as 10001, with nowhere to write but /tmp', async () => {
    const script = `const { writeFileSync } = require('node:fs')
      const canWrite = (path) => { try { writeFileSync(path, ''); return true } catch { return false } }
      console.log(JSON.stringify([process.getuid(), '__proto__' in {}, ['/app/x', '/x', '/tmp/x'].map(canWrite)]))`
    for (const target of TARGETS) {
      const { output } = await ended(target, ['node', '-e', script], {})
      expect(JSON.parse(output), basename(target)).to.deep.equal([10001, false, [false, false, true]])
    }
  })

  it('refuse to start without their settings, naming them', async () => {
    const { code, output } = await ended('api', image('api').config.Cmd, {})
    expect(code).to.equal(1)
    expect(output).to.include('ENCRYPTION_KEYS').and.to.include('JWT_SECRET')
  })
})
