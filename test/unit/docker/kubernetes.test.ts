import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadApiConfig, loadProvisionConfig, loadWorkerConfig, variables } from '@bg-ingest/config'
import { createMetrics } from '@bg-ingest/telemetry'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'

const FOLDER = join(import.meta.dirname, '../../../docker/kubernetes')

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
}
interface Container {
  readonly name: string
  readonly image: string
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly envFrom: readonly Readonly<Record<'configMapRef' | 'secretRef', { readonly name: string } | undefined>>[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly securityContext: object
  readonly resources: { readonly limits: Readonly<Record<string, string>> }
}
interface Pod {
  readonly securityContext: object
  readonly serviceAccountName: string
  readonly terminationGracePeriodSeconds?: number
  readonly containers: readonly Container[]
}
interface Port {
  readonly port: number
}
interface Policy {
  readonly podSelector?: { readonly matchLabels?: { readonly app: string } }
  readonly ingress?: readonly { readonly ports: readonly Port[] }[]
  readonly egress?: readonly {
    readonly ports: readonly Port[]
    readonly to?: readonly { readonly ipBlock: { readonly except: readonly string[] } }[]
  }[]
}
interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly resources?: readonly string[]
  readonly spec?: Policy & {
    readonly template?: { readonly spec: Pod }
    readonly scaleTargetRef?: { readonly name: string }
    readonly triggers?: readonly { readonly metadata: { readonly query: string } }[]
  }
}

const read = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]
    return document.toJS()
  })

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'))
const manifests = files.flatMap(read)
const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind)
const named = (kind: string, name: string) => ofKind(kind).find(({ metadata }) => metadata.name === name)
const pods = manifests.flatMap(({ metadata, spec }) =>
  spec?.template ? [{ name: metadata.name, pod: spec.template.spec }] : [],
)

/** What an operator puts in for the placeholders. */
const SECRETS: Readonly<Record<string, string>> = {
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
}

describe('kubernetes manifests', () => {
  it('are all in kustomization.yaml, but for the example of the secrets', () => {
    const [kustomization] = read('kustomization.yaml')
    const others = files.filter((file) => !['kustomization.yaml', 'secret.example.yaml'].includes(file))
    expect([...(kustomization?.resources ?? [])].sort()).to.deep.equal(others.sort())
  })

  it('name variables that exist, and enough of them for each process to start', () => {
    const config = named('ConfigMap', 'bg-ingest-config')?.data ?? {}
    const secrets = named('Secret', 'bg-ingest-secrets')?.stringData ?? {}
    const known = new Set(variables.map(({ name }) => name))
    expect([...Object.keys(config), ...Object.keys(secrets)].filter((name) => !known.has(name))).to.deep.equal([])
    const env = { ...config, ...secrets, ...SECRETS }
    expect(() => loadApiConfig(env)).not.to.throw()
    expect(() => loadWorkerConfig(env)).not.to.throw()
    expect(() => loadProvisionConfig(config)).not.to.throw()
  })

  it('probe what the processes serve, on the ports that they listen on', () => {
    const ports: Readonly<Record<string, string>> = { api: 'PORT', worker: 'WORKER_PORT' }
    const config = named('ConfigMap', 'bg-ingest-config')?.data ?? {}
    for (const { pod } of pods)
      for (const container of pod.containers.filter(({ name }) => name in ports)) {
        const [port] = container.ports ?? []
        expect(String(port?.containerPort), container.name).to.equal(config[ports[container.name] ?? ''])
        const paths = [container.startupProbe, container.livenessProbe, container.readinessProbe].map((probe) => [
          probe?.httpGet.path,
          probe?.httpGet.port,
        ])
        expect(paths).to.deep.equal([
          ['/healthz', port?.name],
          ['/healthz', port?.name],
          ['/readyz', port?.name],
        ])
      }
  })

  it('run nothing as root, with a capability, or able to write to its image', () => {
    expect(pods).to.have.length(3)
    for (const { name, pod } of pods) {
      expect(pod.securityContext, name).to.deep.include({ runAsNonRoot: true, runAsUser: 10001 })
      for (const { securityContext, resources } of pod.containers) {
        expect(securityContext, name).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(resources.limits, name).to.have.property('memory')
      }
    }
  })

  it('give each process a service account of its own, so that the API can be allowed to read alone', () => {
    const accounts = pods.map(({ pod }) => pod.serviceAccountName)
    expect(new Set(accounts)).to.have.length(3)
    expect(ofKind('ServiceAccount').map(({ metadata }) => metadata.name)).to.have.members(accounts)
  })

  it('let each process reach what it needs, and nobody else in', () => {
    const policies = ofKind('NetworkPolicy').map(({ metadata, spec }) => ({ name: metadata.name, ...spec }))
    const [closed, ...open] = policies
    expect(closed).to.deep.include({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    expect(closed).not.to.have.any.keys('ingress', 'egress')
    expect(open.map(({ podSelector }) => podSelector?.matchLabels?.app)).to.have.members(pods.map(({ name }) => name))
    const reached = (app: string) =>
      open
        .filter(({ podSelector }) => podSelector?.matchLabels?.app === app)
        .flatMap(({ egress = [] }) => egress.flatMap(({ ports }) => ports.map(({ port }) => port)))
    expect(reached('bg-ingest-api')).to.deep.equal([53, 53, 6379, 443])
    expect(reached('bg-ingest-worker')).to.deep.equal([53, 53, 6379, 5671, 5672, 443])
    expect(reached('bg-ingest-provision')).to.deep.equal([53, 53, 443])
    for (const { name, egress = [], ingress = [] } of open) {
      for (const { to = [] } of egress)
        for (const { ipBlock } of to) expect(ipBlock.except, `${name}: metadata of the machine`).to.have.length(1)
      const heard = ingress.flatMap(({ ports }) => ports.map(({ port }) => port))
      const served = pods.find((pod) => pod.name === name)?.pod.containers.flatMap(({ ports = [] }) => ports) ?? []
      expect(heard, name).to.deep.equal(served.map(({ containerPort }) => containerPort))
    }
  })

  it('leave a process more time to end than it takes', () => {
    const grace = Number(named('ConfigMap', 'bg-ingest-config')?.data?.['SHUTDOWN_GRACE_SECONDS'])
    for (const { name, pod } of pods.filter(({ name: pod }) => pod !== 'bg-ingest-provision'))
      expect(pod.terminationGracePeriodSeconds, name).to.be.at.least(grace + 5)
  })

  it('scale by metrics that exist, and Deployments that exist', async () => {
    const metrics = (await createMetrics({ service: 'worker', defaultMetrics: false }).text()).body
    for (const { spec } of ofKind('ScaledObject')) {
      expect(named('Deployment', String(spec?.scaleTargetRef?.name))).not.to.equal(undefined)
      const queries = (spec?.triggers ?? []).map((trigger) => trigger.metadata.query)
      expect(queries).to.have.length(2)
      for (const name of queries.flatMap((query) => query.match(/\bbg_\w+/g) ?? []))
        expect(metrics).to.include(`# TYPE ${name} `)
    }
  })
})
