import { researchOnly } from './common-modules.ts'
import { pdfPage } from './pdf-document.ts'
import type { PdfColor, PdfDocument, PdfTextStyle } from './pdf-document.ts'

/** Room for the line at the foot of every page. */
const footHeight = 30
const amber: PdfColor = [168, 88, 0]
const faint: PdfColor = [96, 100, 110]

/** Puts blocks under one another, and begins a page where the next one would not fit. */
export class PdfFlow {
  readonly document: PdfDocument
  readonly left = pdfPage.margin
  readonly width = pdfPage.width - 2 * pdfPage.margin
  readonly #bottom = pdfPage.height - pdfPage.margin - footHeight
  #y: number = pdfPage.margin

  constructor (document: PdfDocument) { this.document = document }

  /** Where the next block begins. */
  get y (): number { return this.#y }

  /** @param heading drawn at its top; returns its height */
  newPage (heading?: (flow: PdfFlow) => number): void {
    this.document.newPage()
    this.#y = pdfPage.margin
    if (heading !== undefined) this.#y += heading(this)
  }

  /** A block of a known height, on one page; the next is `gap` below. */
  block (height: number, gap: number, draw: (y: number) => void, heading?: (flow: PdfFlow) => number): void {
    if (this.#y + height > this.#bottom) this.newPage(heading)
    draw(this.#y)
    this.#y += height + gap
  }

  /** A paragraph; `gap` below it. */
  paragraph (content: string, style: PdfTextStyle, gap = 4): void {
    const height = this.document.textHeight(content, this.width, style)
    this.block(height, gap, y => this.document.text(content, this.left, y, this.width, style))
  }

  /** What stands at the foot of every page: research only, what the report is called, the number of the page. */
  foot (name: string): void {
    const { document, left, width } = this
    const y = pdfPage.height - pdfPage.margin - 16
    for (let page = 0; page < document.pages; page++) {
      document.toPage(page)
      document.repeated(() => {
        document.line([left, y - 6], [left + width, y - 6], [200, 204, 212])
        document.text(researchOnly, left, y, width, { size: 8, bold: true, color: amber })
        document.text(`Page ${page + 1} of ${document.pages}`, left, y, width, { size: 8, color: faint, align: 'right' })
        document.text(name, left, y + 11, width, { size: 6, color: faint })
      })
    }
  }
}
