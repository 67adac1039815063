import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { canInstall, findExecutable, installPackages } from '@bg-ingest/local-stack'
import { type Browser, chromium, type Page } from 'playwright-core'

export interface TestBrowser {
  /** A page with nothing of earlier ones: no cookies, no passwords. */
  page(options?: { readonly username?: string; readonly password?: string }): Promise<Page>
  /** Every host outside this machine that a page has asked for and a packet was on its way to. */
  strangers(): readonly string[]
  close(): Promise<void>
}

/** Debian's Chromium without a window; installed where the machine has none. Everything not on this machine goes to a dead end that notes it. */
export async function startChromium(): Promise<TestBrowser> {
  // Chromium itself asks for updates and the like without end; a page's own requests are those that it reports.
  const reached = new Set<string>()
  const asked = new Set<string>()
  const deadEnd = await openDeadEnd((host) => reached.add(host))
  let browser: Browser
  try {
    browser = await chromium.launch({
      executablePath: await chromiumPath(),
      // The sandbox needs what a container does not grant, and these pages are our own.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-component-update'],
      proxy: { server: `http://127.0.0.1:${portOf(deadEnd)}`, bypass: '127.0.0.1' },
    })
  } catch (err) {
    deadEnd.close()
    throw err
  }
  return {
    strangers: () => [...reached].filter((host) => asked.has(host)),
    async page(credentials) {
      const { username = '', password = '' } = credentials ?? {}
      const context = await browser.newContext(username === '' ? {} : { httpCredentials: { username, password } })
      context.on('request', (request) => asked.add(new URL(request.url()).hostname))
      return context.newPage()
    },
    async close() {
      await browser.close()
      deadEnd.close()
      await once(deadEnd, 'close')
    },
  }
}

async function chromiumPath(): Promise<string> {
  const found = await findExecutable('chromium', process.env)
  if (found !== undefined) return found
  if (!(await canInstall(process.env)))
    throw new Error('chromium is not on this machine, and it takes root on Debian or Ubuntu to install it')
  await installPackages([['chromium']], process.env)
  const installed = await findExecutable('chromium', process.env)
  if (installed === undefined) throw new Error('chromium was installed and is not in PATH')
  return installed
}

/** A proxy that leads nowhere: it takes down the host that was asked for, and hangs up. */
async function openDeadEnd(onHost: (host: string) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (head) => {
      // `CONNECT host:443` or `GET http://host/…`.
      const [, , host = ''] = /^\w+ (https?:\/\/)?([^/:\s]+)/.exec(String(head)) ?? []
      onHost(host)
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Whether the dead end sees what it should: a test that counts strangers proves first that one would be counted. */
export async function visitStranger(page: Page): Promise<void> {
  await page.goto('http://stranger.example/').catch(() => undefined)
}
