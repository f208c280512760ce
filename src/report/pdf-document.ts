import { AppError } from '../errors.ts'

/** Points, 1/72 inch, from the upper left corner of the page. */
export interface PdfBox { readonly x: number, readonly y: number, readonly width: number, readonly height: number }

export type PdfColor = readonly [red: number, green: number, blue: number]

export interface PdfTextStyle {
  /** Points. */
  readonly size: number
  readonly bold?: boolean
  readonly color?: PdfColor
  readonly align?: 'left' | 'center' | 'right'
}

export interface PdfInformation {
  readonly title: string
  readonly subject: string
  readonly author: string
  readonly creator: string
  /** Written as date of creation and of change: the same report has the same bytes. */
  readonly at: Date
}

/** ISO A4 in points. */
export const pdfPage = { width: 595.28, height: 841.89, margin: 40 } as const

/** A picture in the document: embedded once, however often it is drawn. */
export interface PdfPicture { readonly width: number, readonly height: number, readonly handle: Buffer }

const ink: PdfColor = [24, 26, 32]

/**
 * A document of A4 pages with text in Helvetica, which every reader of PDF has. The one importer of pdfkit, loaded when the first
 * document is opened.
 */
export class PdfDocument {
  readonly #document: PDFKit.PDFDocument
  readonly #chunks: Buffer[] = []
  readonly #written: Promise<void>
  #pages = 0
  #bytes = 0

  private constructor (document: PDFKit.PDFDocument) {
    this.#document = document
    this.#written = new Promise((resolve, reject) => {
      document.on('data', (chunk: Buffer) => {
        this.#chunks.push(chunk)
        this.#bytes += chunk.length
      })
      document.on('end', resolve)
      document.on('error', reject)
    })
  }

  static async open (information: PdfInformation): Promise<PdfDocument> {
    const { default: Pdf } = await import('pdfkit')
    const { title, subject, author, creator, at } = information
    return new PdfDocument(new Pdf({
      size: [pdfPage.width, pdfPage.height],
      // positions are ours: with a margin the library would begin pages by itself
      margin: 0,
      autoFirstPage: false,
      bufferPages: true,
      pdfVersion: '1.7',
      lang: 'en',
      displayTitle: true,
      info: { Title: title, Subject: subject, Author: author, Creator: creator, Producer: 'pdfkit', CreationDate: at, ModDate: at },
    }))
  }

  get pages (): number { return this.#pages }

  newPage (): void {
    this.#document.addPage()
    this.#pages++
  }

  /** Goes back to a page, 0-based, to add to it. */
  toPage (index: number): void { this.#document.switchToPage(index) }

  /** An entry in the outline, to the page that is open. */
  bookmark (title: string): void { this.#document.outline.addItem(printable(title)) }

  /** Lines broken at `width`; returns their height. */
  text (content: string, x: number, y: number, width: number, style: PdfTextStyle): number {
    const height = this.textHeight(content, width, style)
    this.#styled(style).text(printable(content), x, y, { width, align: style.align ?? 'left' })
    return height
  }

  textHeight (content: string, width: number, style: PdfTextStyle): number {
    return this.#styled(style).heightOfString(printable(content), { width })
  }

  textWidth (content: string, style: PdfTextStyle): number {
    return this.#styled(style).widthOfString(printable(content))
  }

  fill ({ x, y, width, height }: PdfBox, color: PdfColor): void {
    this.#document.rect(x, y, width, height).fill([...color])
  }

  line (from: readonly [x: number, y: number], to: readonly [x: number, y: number], color: PdfColor, dashed = false): void {
    this.#document.save().lineWidth(0.7)
    if (dashed) this.#document.dash(3, { space: 2 })
    this.#document.moveTo(...from).lineTo(...to).stroke([...color]).restore()
  }

  /** @param jpeg a baseline file of `width` × `height` pixels */
  picture (jpeg: Uint8Array, width: number, height: number): PdfPicture {
    // the types leave out that `image` takes what `openImage` gives
    const opener = this.#document as unknown as { openImage: (bytes: Buffer) => Buffer }
    return { width, height, handle: opener.openImage(Buffer.from(jpeg)) }
  }

  /** Stretched to the box: pixels need not be square. */
  draw ({ handle }: PdfPicture, { x, y, width, height }: PdfBox): void {
    this.#document.image(handle, x, y, { width, height })
  }

  /** The file. @throws AppError `internal` */
  async finish (): Promise<Uint8Array> {
    try {
      this.#document.end()
      await this.#written
    } catch (cause) {
      throw new AppError('internal', 'the PDF could not be written', {}, { cause })
    }
    return Buffer.concat(this.#chunks, this.#bytes)
  }

  #styled ({ size, bold = false, color = ink }: PdfTextStyle): PDFKit.PDFDocument {
    return this.#document.font(bold ? 'Helvetica-Bold' : 'Helvetica').fontSize(size).fillColor([...color])
  }
}

/** What Helvetica's encoding (ISO 32000-1 annex D, WinAnsi) has of a text: signs that it lacks are written out or become a question mark. */
export function printable (text: string): string {
  return text.replaceAll('≥', '>=').replaceAll('≤', '<=').replaceAll('−', '-').replace(/[^\x20-\x7e\xa0-\xff–—‘’“”•…€]/gu, '?')
}
