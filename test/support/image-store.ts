import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { canInstall, findExecutable, installPackages } from '@bg-ingest/local-stack'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)
/** What docker/Dockerfile starts from; there is no registry here, so a rootfs of this machine's Debian stands in. */
const BASE = 'docker.io/library/node:24.21.0-bookworm-slim'
/** Debian packages that the slim image has and the build or Node need. */
const PACKAGES =
  'base-files libc6 libc-bin libgcc-s1 libstdc++6 libatomic1 dash coreutils libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10 libcrypt1 sed grep'
const MOST_OUTPUT_BYTES = 64 * 2 ** 20
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

export type Target = 'api' | 'worker'

export interface ImageConfig {
  readonly User: string
  readonly WorkingDir: string
  readonly Env: readonly string[]
  readonly Cmd: readonly string[]
  readonly StopSignal: string
  readonly ExposedPorts: Readonly<Record<string, object>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface BuiltImage {
  readonly config: ImageConfig
  /** Its root folder on this machine. */
  readonly root: string
}

export interface ImageStore {
  /** Builds a target of docker/Dockerfile from this repository as it lies here. */
  build(target: Target): Promise<BuiltImage>
  remove(): Promise<void>
}

/** Builds images with buildah, without a daemon and without a registry. Takes root on Debian, and a network for npm. */
export async function openImageStore(): Promise<ImageStore> {
  await ensureBuildah()
  const folder = await mkdtemp(join(tmpdir(), 'bg-images-'))
  const policy = join(folder, 'policy.json')
  await writeFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}')
  const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'overlay']
  const buildah = async (...args: readonly string[]) => {
    const options = { cwd: ROOT, env: { ...process.env, BUILDAH_ISOLATION: 'chroot' }, maxBuffer: MOST_OUTPUT_BYTES }
    return (await run('buildah', [...store, ...args], options)).stdout.trim()
  }
  const commit = ['--signature-policy', policy, '--format', 'docker']
  await makeBase(folder, buildah, commit)
  const mounts = (await sharedWithThisMachine()).flatMap(([from, to]) => ['-v', `${from}:${to}`])
  return {
    async build(target) {
      const tag = `localhost/bg-${target}:test`
      const plain = ['--layers', '--network=host', '--pull=never', ...commit, '-f', 'docker/Dockerfile']
      await buildah('bud', ...plain, ...mounts, '--target', target, '-t', tag, '.')
      const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', tag))
      return { config: Docker.config, root: await buildah('mount', await buildah('from', '--pull=never', tag)) }
    },
    async remove() {
      await buildah('rm', '--all')
      await run('umount', [join(folder, 'store/overlay')]).catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ensureBuildah(): Promise<void> {
  if (await findExecutable('buildah', process.env)) return
  if (!(await canInstall(process.env)))
    throw new Error('buildah is not on this machine, and it takes root on Debian or Ubuntu to install it')
  await installPackages([['buildah']], process.env)
}

type Buildah = (...args: readonly string[]) => Promise<string>

async function makeBase(folder: string, buildah: Buildah, commit: readonly string[]): Promise<void> {
  const rootfs = join(folder, 'rootfs')
  for (const made of ['usr/local/bin', 'usr/local/lib/node_modules', 'etc/ssl/certs', 'tmp', 'proc', 'dev', 'root'])
    await mkdir(join(rootfs, made), { recursive: true })
  const copy = `dpkg -L ${PACKAGES} | sort -u | while read -r f; do [ -d "$f" ] || [ ! -e "$f" ] || echo "\${f#/}"; done | tar -C / -c -T - | tar -x -C "$0"`
  await run('sh', ['-c', copy, rootfs])
  await cp(await realpath(process.execPath), join(rootfs, 'usr/local/bin/node'))
  const npm = dirname(dirname(await realpath((await findExecutable('npm', process.env)) ?? 'npm')))
  await cp(npm, join(rootfs, 'usr/local/lib/node_modules/npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(rootfs, 'usr/local/bin/npm'))
  await writeFile(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\n')
  // Where this machine goes out through a proxy with an authority of its own, npm needs to know it.
  const trusts = existsSync(CERTIFICATES)
  if (trusts) await cp(CERTIFICATES, join(rootfs, CERTIFICATES), { dereference: true })
  const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']
  if (trusts) env.push(`NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, `SSL_CERT_FILE=${CERTIFICATES}`)
  const container = await buildah('from', 'scratch')
  await buildah('add', '-q', container, rootfs, '/')
  await buildah('config', ...env.flatMap((variable) => ['--env', variable]), container)
  await buildah('commit', '-q', ...commit, '--rm', container, BASE)
}

/** npm's settings, and pnpm's store where there is one: a build then fetches what this machine has not. */
async function sharedWithThisMachine(): Promise<readonly (readonly [string, string])[]> {
  const store = (await run('pnpm', ['store', 'path'], { cwd: ROOT })).stdout.trim()
  const candidates = [
    [join(homedir(), '.npmrc'), '/root/.npmrc'],
    [join(homedir(), '.cache/pnpm'), '/root/.cache/pnpm'],
    [dirname(store), '/pnpm-store'],
  ] as const
  return candidates.filter(([path]) => existsSync(path))
}

// What a container engine does: a root that cannot be written, /proc, /dev, a small /tmp, the image's user and folder.
const ENTER = `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t proc proc "$0/proc" \
&& mount --bind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" \
&& user=$1 folder=$2 && shift 2 && exec chroot --userspec="$user" "$0" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"`

/** Starts a command in an image as its configuration says, on this machine's network; ending it is the caller's part. */
export function startIn(
  { config, root }: BuiltImage,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const own = Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s) as [string, string]))
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, root, config.User, config.WorkingDir]
  return spawn('unshare', [...args, ...command], {
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
