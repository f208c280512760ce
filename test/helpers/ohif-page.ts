import { resolve } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'

export interface Image { readonly uid: string, readonly instanceNumber: number, readonly source?: string }

/** A series as OHIF offers it. */
export interface DisplaySet {
  readonly uid: string
  readonly seriesNumber: number
  readonly modality: string
  readonly description: string
  readonly sopClassUid: string
  readonly unsupported: boolean
  readonly frameOfReferenceUid?: string
  readonly images: readonly Image[]
}

export interface Geometry {
  /** Of the whole picture, mm. */
  readonly size: readonly number[]
  readonly millimetresPerPixel: number
  /** First and last corner of the picture on the canvas, pixels. */
  readonly corners: readonly (readonly number[])[]
  /** First and last bright canvas pixel of the middle row, then of the middle column. */
  readonly extents: readonly number[]
}

export interface Report {
  readonly loaded: boolean
  readonly measurements: readonly { readonly label: string, readonly loaded: boolean, readonly image: string, readonly texts: readonly string[] }[]
}

export interface Label { readonly text: string, readonly inside: boolean }

type Point = readonly [number, number, number]

/** A study in OHIF, in a page of its own. Viewports are named by their id, series by the uid of their display set: both differ from page to page. */
export class OhifPage {
  /** What the page complained of: errors of its console and scripts, answers of 400 and above, requests to elsewhere. */
  readonly complaints: string[] = []
  readonly page: Page

  private constructor (page: Page, origin: string) {
    this.page = page
    page.on('console', message => { if (message.type() === 'error') this.complaints.push(`console: ${message.text()}`) })
    page.on('pageerror', error => { this.complaints.push(`script: ${String(error.stack)}`) })
    page.on('response', answer => { if (answer.status() >= 400) this.complaints.push(`${answer.status()} ${answer.url()}`) })
    page.on('request', request => {
      if (!/^(data|blob|chrome|chrome-extension):/.test(request.url()) && !request.url().startsWith(origin)) this.complaints.push(`asks ${request.url()}`)
    })
  }

  static async open (browser: BrowserContext, origin: string, studyInstanceUid: string): Promise<OhifPage> {
    const page = await browser.newPage()
    await page.addInitScript({ path: resolve(import.meta.dirname, 'ohif-in-page.js') })
    const viewer = new OhifPage(page, origin)
    await page.goto(`${origin}/viewer?StudyInstanceUIDs=${studyInstanceUid}`)
    await viewer.until('reader.shows(reader.activeViewport())', 60)
    return viewer
  }

  async close (): Promise<void> { await this.page.close() }

  /** Asks until the answer is yes; an exception is a no, as services are there before they can be used. @returns whether it came to be */
  async until (expression: string, seconds = 10): Promise<boolean> {
    const patient = `(() => { try { return ${expression} } catch { return false } })()`
    return await this.page.waitForFunction(patient, null, { timeout: seconds * 1000, polling: 100 }).then(() => true, () => false)
  }

  async displaySets (): Promise<DisplaySet[]> { return await this.#ask('displaySets') }
  async messages (): Promise<string[]> { return await this.#ask('messages') }
  async activeViewport (): Promise<string> { return await this.#ask('activeViewport') }

  /** @returns the viewports, row by row */
  async layout (rows: number, columns: number): Promise<string[]> {
    await this.#ask('layout', rows, columns)
    await this.until(`reader.viewports().length === ${rows * columns}`)
    return await this.#ask('viewports')
  }

  /**
   * Shows a series; empties the viewport and asks again, as what OHIF itself puts into a new viewport may come later.
   * @returns whether a picture of it came up
   */
  async show (viewport: string, displaySet: string): Promise<boolean> {
    for (let i = 0; i < 4; i++) {
      if (i > 0) await this.#ask('empty', viewport)
      await this.#ask('show', viewport, displaySet)
      if (await this.until(`reader.shows(${JSON.stringify(viewport)}, ${JSON.stringify(displaySet)})`, 15)) return true
    }
    return false
  }

  /** Opens a report in a viewport. @returns whether OHIF shows the image and the label of its first group */
  async openReport (viewport: string, displaySet: string): Promise<boolean> {
    await this.#ask('show', viewport, displaySet)
    const [view, set] = [JSON.stringify(viewport), JSON.stringify(displaySet)]
    return await this.until(`reader.report(${set}).loaded && reader.image(${view}) === reader.report(${set}).measurements[0].image && reader.labels(${view}).length > 0`, 20)
  }

  /** Opens an Encapsulated PDF. @returns the first bytes of what is given to the browser's own PDF viewer, empty where nothing is */
  async openPdf (viewport: string, displaySet: string): Promise<string> {
    await this.#ask('show', viewport, displaySet)
    return await this.until('reader.pdf() !== undefined', 20) ? await this.#ask('pdfStart') : ''
  }

  async image (viewport: string): Promise<string> { return await this.#ask('image', viewport) }
  /** The shares of the canvas that are not dark and that are not grey. */
  async shares (viewport: string): Promise<{ lit: number, coloured: number }> { return await this.#ask('shares', viewport) }
  /** How far from grey it is, 0 to 255, where a point of the patient (mm) is shown. */
  async colourAt (viewport: string, point: readonly number[]): Promise<number> { return await this.#ask('colourAt', viewport, point) }
  /** Width and height of the canvas. */
  async canvas (viewport: string): Promise<number[]> { return await this.#ask('canvas', viewport) }
  async geometry (viewport: string): Promise<Geometry> { return await this.#ask('geometry', viewport) }
  async report (displaySet: string): Promise<Report> { return await this.#ask('report', displaySet) }
  async labels (viewport: string): Promise<Label[]> { return await this.#ask('labels', viewport) }
  /** The ends of the lines that are drawn over the picture, mm in patient coordinates. */
  async lines (viewport: string): Promise<(readonly [Point, Point])[]> { return await this.#ask('lines', viewport) }
  async synchronised (viewport: string): Promise<boolean> { return await this.#ask('synchronised', viewport) }

  /** Clicks what OHIF names so. */
  async click (name: string): Promise<void> { await this.page.locator(`[data-cy="${name}"]`).first().click() }

  /** Turns the mouse wheel by one image over a viewport. @returns whether another image came */
  async scroll (viewport: string): Promise<boolean> {
    const before = await this.image(viewport)
    const [x, y] = await this.#ask<[number, number]>('middle', viewport)
    await this.page.mouse.move(x, y)
    await this.page.mouse.wheel(0, 100)
    return await this.until(`reader.image(${JSON.stringify(viewport)}) !== ${JSON.stringify(before)}`)
  }

  async #ask<T> (name: string, ...args: readonly (string | number | readonly number[])[]): Promise<T> {
    return await this.page.evaluate(`reader.${name}(${args.map(arg => JSON.stringify(arg)).join(', ')})`)
  }
}
