import { readFile } from 'node:fs/promises'
import { AppError } from '../errors.ts'

/** Points, 1/72 inch, from the upper left corner of the page. */
export interface PdfBox { readonly x: number, readonly y: number, readonly width: number, readonly height: number }

export type PdfColor = readonly [red: number, green: number, blue: number]

/** What a text is to who listens (ISO 32000-1 14.8.4): a heading of the first or second level, a paragraph, or nothing to be read. */
export type PdfRole = 'H1' | 'H2' | 'P' | 'Artifact'

export interface PdfTextStyle {
  /** Points. */
  readonly size: number
  readonly bold?: boolean
  readonly color?: PdfColor
  readonly align?: 'left' | 'center' | 'right'
  /** A paragraph unless told. */
  readonly role?: PdfRole
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

// fonts/ lies two folders above this file, in the sources and in the build alike
const fontsUrl = new URL('../../fonts/', import.meta.url)
const regular = 'NotoSans-Regular'
const bold = 'NotoSans-Bold'

/**
 * A tagged document of A4 pages that holds the glyphs it uses. What is drawn is read aloud in the order in which it is drawn. The one
 * importer of pdfkit, loaded when the first document is opened.
 */
export class PdfDocument {
  readonly #document: PDFKit.PDFDocument
  readonly #chunks: Buffer[] = []
  readonly #written: Promise<void>
  readonly #body: PDFKit.PDFStructureElement
  #pages = 0
  #bytes = 0
  /** Whether what is being drawn belongs to an element that is open. */
  #within = false

  private constructor (document: PDFKit.PDFDocument) {
    this.#document = document
    this.#body = document.struct('Document')
    document.addStructure(this.#body)
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
    const [{ default: Pdf }, regularFile, boldFile] = await Promise.all([
      import('pdfkit'), ...[regular, bold].map(async name => await readFile(new URL(`${name}.ttf`, fontsUrl))),
    ] as const)
    const { title, subject, author, creator, at } = information
    const document = new Pdf({
      size: [pdfPage.width, pdfPage.height],
      // positions are ours: with a margin the library would begin pages by itself
      margin: 0,
      autoFirstPage: false,
      bufferPages: true,
      pdfVersion: '1.7',
      lang: 'en',
      displayTitle: true,
      tagged: true,
      // none of the fonts that a reader would have to have
      font: '',
      info: { Title: title, Subject: subject, Author: author, Creator: creator, Producer: 'pdfkit', CreationDate: at, ModDate: at },
    })
    document.registerFont(regular, regularFile)
    document.registerFont(bold, boldFile)
    return new PdfDocument(document)
  }

  get pages (): number { return this.#pages }

  newPage (): void {
    this.#document.addPage()
    this.#pages++
  }

  /** Goes back to a page, 0-based, to add to it. */
  toPage (index: number): void { this.#document.switchToPage(index) }

  /** An entry in the outline, to the page that is open. */
  bookmark (title: string): void { this.#document.outline.addItem(title) }

  /** A figure: what is drawn meanwhile, of which readers that do not see it are told `alternative`. */
  figure (alternative: string, draw: () => void): void {
    this.#marked('Figure', draw, alternative)
  }

  /** What is repeated on every page. */
  repeated (draw: () => void): void {
    this.#document.markContent('Artifact', { type: 'Pagination' })
    this.#within = true
    draw()
    this.#within = false
    this.#document.endMarkedContent()
  }

  /** Lines broken at `width`; returns their height. */
  text (content: string, x: number, y: number, width: number, style: PdfTextStyle): number {
    const height = this.textHeight(content, width, style)
    const drawn = this.#drawable(content, style)
    this.#marked(style.role ?? 'P', () => this.#styled(style).text(drawn, x, y, { width, align: style.align ?? 'left' }))
    return height
  }

  textHeight (content: string, width: number, style: PdfTextStyle): number {
    return this.#styled(style).heightOfString(this.#drawable(content, style), { width })
  }

  textWidth (content: string, style: PdfTextStyle): number {
    return this.#styled(style).widthOfString(this.#drawable(content, style))
  }

  fill ({ x, y, width, height }: PdfBox, color: PdfColor): void {
    this.#marked('Artifact', () => this.#document.rect(x, y, width, height).fill([...color]))
  }

  line (from: readonly [x: number, y: number], to: readonly [x: number, y: number], color: PdfColor, dashed = false): void {
    this.#marked('Artifact', () => {
      this.#document.save().lineWidth(0.7)
      if (dashed) this.#document.dash(3, { space: 2 })
      this.#document.moveTo(...from).lineTo(...to).stroke([...color]).restore()
    })
  }

  /** @param jpeg a baseline file of `width` × `height` pixels */
  picture (jpeg: Uint8Array, width: number, height: number): PdfPicture {
    // the types leave out that `image` takes what `openImage` gives
    const opener = this.#document as unknown as { openImage: (bytes: Buffer) => Buffer }
    return { width, height, handle: opener.openImage(Buffer.from(jpeg)) }
  }

  /** Stretched to the box: pixels need not be square. Part of a figure. */
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

  /** Signs that the font lacks are written out, or become the sign for one that is missing. */
  #drawable (content: string, style: PdfTextStyle): string {
    this.#styled(style)
    // the types leave out the font in use, which knows what it has (fontkit)
    const { font } = (this.#document as unknown as { _font: { font: { hasGlyphForCodePoint: (code: number) => boolean } } })._font
    return Array.from(content.replaceAll('≥', '>=').replaceAll('≤', '<='), sign => font.hasGlyphForCodePoint(sign.codePointAt(0)!) ? sign : '\ufffd').join('')
  }

  #marked (role: PdfRole | 'Figure', draw: () => void, alt?: string): void {
    if (this.#within) {
      draw()
      return
    }
    this.#within = true
    const content = role === 'Artifact' ? undefined : this.#document.markStructureContent(role)
    if (content === undefined) this.#document.markContent('Artifact', { type: 'Layout' })
    draw()
    this.#document.endMarkedContent()
    if (content !== undefined) this.#body.add(this.#document.struct(role, alt === undefined ? {} : { alt }, [content]))
    this.#within = false
  }

  #styled ({ size, bold: heavy = false, color = ink }: PdfTextStyle): PDFKit.PDFDocument {
    return this.#document.font(heavy ? bold : regular).fontSize(size).fillColor([...color])
  }
}
