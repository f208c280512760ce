import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import t from 'tap'
import { loadConfig } from '../../src/config.ts'
import { serve } from '../../src/service/server.ts'
import { RefusingPacs } from '../helpers/refusing-pacs.ts'
import { until } from '../helpers/service.ts'
import { requireTool, toolPath } from '../helpers/tools.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
/** Where screenshots are kept for people; a folder that goes when nobody asks for them. */
const screenshots = process.env['TUBERLENS_TEST_SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'tuberlens-screenshots-'))

interface Job { readonly id: number, readonly kind: string, readonly state: string }

interface Owner { teardown: (body: () => Promise<void>) => void, fail: (message: string) => unknown }

/** A page that fails the test for an error, a warning of the policy, or a request to anywhere else. */
async function openPage (
  t: Owner, browser: Browser, origin: string, options: BrowserContextOptions, expected?: 'error',
): Promise<Page> {
  const context = await browser.newContext(options)
  t.teardown(async () => { await context.close() })
  const page = await context.newPage()
  // a page whose status is an error is one for the console as well
  if (expected === undefined) page.on('console', message => { if (message.type() === 'error' || message.type() === 'warning') t.fail(`console: ${message.text()}`) })
  page.on('pageerror', error => { t.fail(`script: ${error.message}`) })
  page.on('request', request => { if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:')) t.fail(`asks ${request.url()}`) })
  return page
}

t.test('an administrator sees a study through, with and without JavaScript', async t => {
  if (!requireTool(t, 'chromium')) return
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-status-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  if (process.env['TUBERLENS_TEST_SCREENSHOTS'] === undefined) t.teardown(() => rm(screenshots, { recursive: true, force: true }))
  const pacs = await RefusingPacs.open(t)
  const service = await serve(loadConfig({
    TUBERLENS_PORT: '0',
    TUBERLENS_DATA_DIR: folder,
    TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model'),
    TUBERLENS_LOG_LEVEL: 'silent',
    TUBERLENS_SERIES_QUIET_S: '0.5',
    TUBERLENS_STUDY_QUIET_S: '1',
    TUBERLENS_PACS_URL: pacs.url,
    TUBERLENS_PACS_VERIFY: 'none',
  }), { ownsProcess: false })
  t.teardown(() => service.close())
  const { url } = service
  const browser = await chromium.launch({ executablePath: toolPath('chromium'), args: ['--no-sandbox', '--disable-gpu'] })
  t.teardown(async () => { await browser.close() })
  const jobs = async () => (await (await fetch(`${url}/api/v1/jobs`)).json() as { jobs: Job[] }).jobs
  const files = (name: string) => readdirSync(join(fixtures, name)).map(file => join(fixtures, name, file))

  await t.test('files are uploaded by the form and the report is written', async t => {
    const page = await openPage(t, browser, url, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } })
    await page.goto(url)
    t.equal(new URL(page.url()).pathname, '/status')
    t.match(await page.textContent('body'), /Research use only/)
    await page.click('text=Upload')
    await page.setInputFiles('input[type=file]', [...files('flair'), ...files('special/t1')])
    await page.click('button:has-text("Upload")')
    t.match(await page.textContent('[role=status]'), /files stored/)
    await until(async () => (await jobs()).some(({ kind, state }) => kind === 'report' && state === 'DEAD'), 60, 'the report')
  })

  for (const javaScriptEnabled of [true, false]) {
    for (const width of [1280, 768]) {
      await t.test(`all pages at ${width} px ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async t => {
        const page = await openPage(t, browser, url, { javaScriptEnabled, viewport: { width, height: 900 } })
        const look = async (name: string) => {
          t.equal(await page.locator('h1').count(), 1)
          t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${name} fits`)
          t.notMatch(await page.textContent('body'), /Doe|Synthetic\^|PatientName/i, 'no name')
          await page.screenshot({ path: join(screenshots, `${name}-${width}-${javaScriptEnabled ? 'script' : 'plain'}.png`), fullPage: true })
        }
        await page.goto(`${url}/status`)
        t.match(await page.textContent('#stuck ~ *'), /Job|Destination/)
        await look('overview')
        const report = (await jobs()).find(({ kind }) => kind === 'report')!.id
        await page.click(`a[href$="/status/jobs/${report}"]`)
        t.match(await page.textContent('h1'), `Job ${report}`)
        t.ok(await page.locator('svg.chart rect').count() > 0)
        const pictures = page.locator('.gallery img')
        t.ok(await pictures.count() > 0)
        const loaded = "[...document.querySelectorAll('.gallery img')].every(img => img.complete && img.naturalWidth > 0)"
        for (const picture of await pictures.all()) await picture.scrollIntoViewIfNeeded()
        await until(async () => await page.evaluate(loaded), 10, 'all thumbnails')
        await page.click('summary')
        await look('job')
        for (const [link, name] of [['Jobs', 'jobs'], ['Series', 'series'], ['Destinations', 'destinations'], ['Upload', 'upload'], ['Try selection', 'selection']] as const) {
          await page.click(`nav >> text="${link}"`)
          await look(name)
        }
        await page.click('nav >> text="Series"')
        await page.click('tbody a >> nth=0')
        await look('series-one')
      })
    }
  }

  await t.test('the page says why a series was not taken, and which would be', async t => {
    const page = await openPage(t, browser, url, { viewport: { width: 1280, height: 900 } })
    await page.goto(`${url}/status/series`)
    const seen: string[] = []
    for (const link of await page.locator('tbody a').all().then(async links => await Promise.all(links.map(async one => await one.getAttribute('href'))))) {
      await page.goto(url + (link ?? ''))
      seen.push(await page.textContent('main') ?? '')
    }
    t.ok(seen.some(text => /It was left out: .*T1/.test(text)))
    t.ok(seen.some(text => /It was selected: axial .*FLAIR/.test(text)))
    await page.goto(`${url}/status/selection`)
    await page.setInputFiles('input[type=file]', files('special/t1'))
    await page.click('button:has-text("Try")')
    t.match(await page.textContent('main'), /0 of 1 series would be analysed/)
    await page.screenshot({ path: join(screenshots, 'selection-tried-1280.png'), fullPage: true })
  })

  await t.test('what is not here is said on a page too', async t => {
    const page = await openPage(t, browser, url, { viewport: { width: 1280, height: 900 } }, 'error')
    await page.goto(`${url}/status/series`)
    await page.fill('#uid', '1.2.3')
    await page.click('button:has-text("Find")')
    t.match(await page.textContent('h1'), 'Not found')
  })

  await t.test('the destination is tested, and what it refused is sent again', async t => {
    const page = await openPage(t, browser, url, { javaScriptEnabled: false, viewport: { width: 1280, height: 900 } })
    await page.goto(`${url}/status/destinations`)
    await page.click('button:has-text("Test")')
    t.match(await page.textContent('.notice'), /Test of pacs: The server answers searches/)
    await page.screenshot({ path: join(screenshots, 'destination-tested-1280.png'), fullPage: true })
    pacs.refuses = false
    await page.goto(`${url}/status/jobs?state=DEAD`)
    await page.click('tbody a')
    await page.click('button:has-text("Send again")')
    t.match(await page.textContent('[role=status]'), /The job is tried again/)
    await until(async () => (await jobs()).every(({ state }) => state === 'DONE'), 30, 'all delivered')
    await page.goto(`${url}/status`)
    t.match(await page.textContent('[role=status]'), /All is well/)
    await page.screenshot({ path: join(screenshots, 'overview-well-1280.png'), fullPage: true })
  })

  await t.test('with JavaScript the overview keeps itself up to date until it is told to pause', async t => {
    const page = await openPage(t, browser, url, { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' })
    await page.clock.install()
    await page.goto(`${url}/status`)
    await page.evaluate('document.querySelector("h1").textContent = "old"')
    const body = new FormData()
    for (const file of files('t2')) body.append('file', new Blob([readFileSync(file)]))
    t.equal((await fetch(`${url}/api/v1/upload`, { method: 'POST', body })).status, 200)
    await page.clock.fastForward(5100)
    await page.waitForSelector('h1:has-text("Overview")')
    await page.screenshot({ path: join(screenshots, 'overview-dark-1280.png'), fullPage: true })
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.className'), 'skip', 'the keyboard begins with the way to the content')
    await page.click('button:has-text("Pause updates")')
    await page.evaluate('document.activeElement.blur(), document.querySelector("h1").textContent = "old"')
    await page.clock.fastForward(20_000)
    t.equal(await page.textContent('h1'), 'old')
    t.equal(await page.textContent('header button'), 'Go on with updates')
  })

  t.ok(readFileSync(join(screenshots, 'overview-1280-script.png')).length > 1000)
})
