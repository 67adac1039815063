import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startChromium } from './chromium.ts'
import { dashboardPage, type Span } from './dashboard-page.ts'
import { readDashboards } from './dashboards.ts'
import type { Prometheus } from './prometheus.ts'

/** Writes a picture of each dashboard into the folder, `fleet.png` and so on, with what the Prometheus has of this span. */
export async function paintDashboards(prometheus: Prometheus, folder: string, span: Span): Promise<void> {
  await mkdir(folder, { recursive: true })
  const browser = await startChromium()
  try {
    const page = await browser.page()
    await page.setViewportSize({ width: 1140, height: 800 })
    for (const dashboard of readDashboards()) {
      await page.setContent(await dashboardPage(dashboard, prometheus, span))
      await page.screenshot({ path: join(folder, dashboard.file.replace(/json$/, 'png')), fullPage: true })
    }
  } finally {
    await browser.close()
  }
}
