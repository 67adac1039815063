import { expect } from 'chai'
import { aStoredReading } from '../support/build.ts'
import { startChromium, type TestBrowser, visitStranger } from '../support/chromium.ts'
import { ALICE, anApi, type TestApi } from '../unit/api/an-api.ts'

describe('browser: the page at /docs', function () {
  this.timeout(60_000)
  let browser: TestBrowser
  let api: TestApi

  before(async function () {
    // A bare machine installs Chromium first: 20 to 40 s.
    this.timeout(300_000)
    browser = await startChromium()
    api = await anApi()
    api.behind.readings = [aStoredReading({ userId: ALICE, glucose: 123 })]
  })
  after(() => Promise.all([browser?.close(), api?.close()]))

  it('lets a person sign in with a token and ask for the latest reading, and asks nobody else for anything', async () => {
    const page = await browser.page()
    await page.goto(`http://127.0.0.1:${api.port}/docs`)
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page
      .getByLabel('auth-bearer-value')
      .first()
      .fill(await api.token('alice'))
    await page.getByRole('button', { name: 'Apply credentials' }).first().click()
    await page.getByRole('button', { name: 'Close' }).first().click()

    const operation = page.locator('#operations-readings-getLatestReading')
    await operation.locator('.opblock-summary-control').click()
    await operation.getByPlaceholder('userId').fill('alice')
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table .response')
    await answer.first().waitFor()
    expect(await answer.first().textContent())
      .to.match(/^200/)
      .and.include('"glucose": 123')

    await visitStranger(await browser.page())
    expect(browser.strangers(), 'the second page alone went abroad').to.deep.equal(['stranger.example'])
    await page.reload()
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page.getByLabel('auth-bearer-value').first().waitFor()
    expect(await page.evaluate('Object.keys(localStorage).length + Object.keys(sessionStorage).length')).to.equal(0)
  })
})
