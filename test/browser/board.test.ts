import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { type ApiRedis, openApiRedis, SEALED_CODE } from '../support/api-redis.ts'
import { startChromium, type TestBrowser, visitStranger } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { anApi, type TestApi } from '../unit/api/an-api.ts'

const PASSWORD = 'the-operators-password'
const OPERATOR = { username: 'operator', password: PASSWORD }

describe("browser: the operators' board", function () {
  this.timeout(60_000)
  let browser: TestBrowser
  let redis: ApiRedis
  let acting: TestApi
  let showing: TestApi

  before(async function () {
    // A bare machine installs Chromium first: 20 to 40 s.
    this.timeout(300_000)
    browser = await startChromium()
    redis = await openApiRedis()
    const board = { ...redis.board, password: PASSWORD }
    acting = await anApi({ board: { ...board, actions: true }, counting: redis.counting })
    showing = await anApi({ board: { ...board, actions: false }, counting: redis.counting })
  })
  after(async () => {
    await Promise.all([browser?.close(), acting?.close(), showing?.close()])
    await redis?.close()
  })

  const boardOf = (api: TestApi, path = '') => `http://127.0.0.1:${api.port}/admin/queues${path}`
  const operatorAt = async (api: TestApi, path = ''): Promise<Page> => {
    const page = await browser.page(OPERATOR)
    expect((await page.goto(boardOf(api, path)))?.status()).to.equal(200)
    return page
  }

  /** The icons beside a job: retry, duplicate, change, remove. */
  const actionsOf = (page: Page, jobId: string) =>
    page.getByText(jobId).locator("xpath=ancestor::*[contains(., 'priority')][1]/..").getByRole('button')

  it('shows every queue to who has the password', async () => {
    const page = await operatorAt(acting)
    for (const name of Object.keys(redis.bench.queues)) await page.getByText(name).first().waitFor()
  })

  it('opens a job without what is sealed in it, and retries it', async () => {
    const { jobId, runs } = await redis.failedJob()
    expect(runs()).to.equal(1)
    const page = await operatorAt(acting, `/queue/bg-connection/${jobId}`)
    await page.getByText('authorization_failed').waitFor()
    await page
      .getByRole('button', { name: 'Data' })
      .or(page.getByText('Data', { exact: true }))
      .first()
      .click()
    await page.getByText('(hidden)').first().waitFor()
    expect(await page.content())
      .to.include('alice')
      .and.not.to.include(SEALED_CODE)

    await actionsOf(page, jobId).first().click()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await until('the job ran again', () => runs() === 2, 10_000)
    const line = acting.behind.log.find((entry) => entry.includes('"operator action"'))
    expect(JSON.parse(line ?? '{}')).to.include({
      actor: 'operator',
      action: 'retry job',
      queue: 'bg-connection',
      jobId,
    })
  })

  it('offers no action where it only shows', async () => {
    const { jobId } = await redis.failedJob()
    const page = await operatorAt(showing, `/queue/bg-connection/${jobId}`)
    await page.getByText('authorization_failed').waitFor()
    expect(await actionsOf(page, jobId).count()).to.equal(0)
    await page.screenshot({ path: '/tmp/board3.png' })
  })

  it('reaches for nothing outside this machine, though its page asks for fonts', async () => {
    const page = await browser.page(OPERATOR)
    const refused: string[] = []
    page.on('console', (message) => refused.push(message.text()))
    await page.goto(boardOf(acting))
    await page.getByText('bg-sync').first().waitFor()
    expect(refused.join('\n'), 'the page does ask for them').to.include('fonts.googleapis.com')
    expect(browser.strangers()).to.deep.equal([])
    await visitStranger(await browser.page())
    expect(browser.strangers(), 'a stranger would be seen').to.deep.equal(['stranger.example'])
  })
})
