import { spawnSync } from 'node:child_process'
import { inflateSync } from 'node:zlib'

/** As much of a PDF file (ISO 32000-1) as the tests look at, read by themselves. */
export interface PdfContent {
  /** Of each page, the strings that it shows, in the order in which they are drawn. */
  readonly pages: readonly (readonly string[])[]
  readonly images: number
  readonly titles: readonly string[]
  /** Of each figure, what readers are told that do not see it. */
  readonly alternatives: readonly string[]
}

/** A file of the kind that our builder writes: no object streams, streams deflated, strings in hexadecimal, glyphs by their number. */
export function readPdf (bytes: Uint8Array): PdfContent {
  const file = Buffer.from(bytes).toString('latin1')
  const objects = new Map<string, string>()
  for (const [, number, body] of file.matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) objects.set(number!, body!)
  const found = [...objects.values()]
  const referenced = (body: string, name: string) => objects.get(new RegExp(`/${name} (\\d+) 0 R`).exec(body)![1]!)!
  const kids = /\/Kids \[([^\]]*)\]/.exec(found.find(body => body.includes('/Type /Pages'))!)![1]!
  const pages = [...kids.matchAll(/(\d+) 0 R/g)].map(([, number]) => {
    const page = objects.get(number!)!
    const fonts = [...referenced(page, 'Resources').matchAll(/\/(F\d+) (\d+) 0 R/g)]
      .map(([, name, font]) => [name!, unicode(content(referenced(objects.get(font!)!, 'ToUnicode')))] as const)
    return shown(content(referenced(page, 'Contents')), new Map(fonts))
  })
  const texts = (name: string) => (body: string) => literal(new RegExp(`/${name} \\(((?:\\\\.|[^)\\\\])*)\\)`).exec(body)?.[1])
  return {
    pages,
    images: found.filter(body => body.includes('/Subtype /Image')).length,
    titles: found.filter(body => body.includes('/Dest ')).flatMap(texts('Title')),
    alternatives: found.filter(body => body.includes('/S /Figure')).flatMap(texts('Alt')),
  }
}

function content (body: string): string {
  const stream = body.slice(body.indexOf('stream\n') + 7, body.lastIndexOf('\nendstream'))
  return inflateSync(Buffer.from(stream, 'latin1')).toString('latin1')
}

/** The characters of each glyph (ISO 32000-1 9.10.3), in the one form that pdfkit writes. */
function unicode (map: string): Map<number, string> {
  return new Map([...map.matchAll(/<([0-9a-f]+)> <[0-9a-f]+> \[([^\]]*)\]/g)].flatMap(([, first, list]) =>
    [...list!.matchAll(/<([0-9a-f]*)>/g)].map(([, hex], i) =>
      [parseInt(first!, 16) + i, String.fromCharCode(...hex!.match(/.{4}/g)!.map(unit => parseInt(unit, 16)))] as const)))
}

function shown (content: string, fonts: ReadonlyMap<string, ReadonlyMap<number, string>>): string[] {
  const strings: string[] = []
  let font: ReadonlyMap<number, string> | undefined
  for (const [, name, parts] of content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ/g)) {
    if (name !== undefined) font = fonts.get(name)
    else strings.push([...parts!.matchAll(/<([0-9a-f]*)>/g)].flatMap(([, hex]) => hex!.match(/.{4}/g) ?? []).map(glyph => font!.get(parseInt(glyph, 16))).join(''))
  }
  return strings
}

/** A literal string; pdfkit writes in UTF-16 what is not ASCII. */
function literal (text: string | undefined): string[] {
  if (text === undefined) return []
  const plain = text.replace(/\\([nrtbf\\()])/g, (_, sign: string) => ({ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' })[sign] ?? sign)
  return [plain.startsWith('\xfe\xff') ? Buffer.from(plain.slice(2), 'latin1').swap16().toString('utf16le') : plain]
}

/** What a program of poppler-utils prints of a file. */
export function poppler (program: 'pdfinfo' | 'pdffonts' | 'pdftotext', args: readonly string[]): { readonly out: string, readonly complaints: string } {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return { out: stdout, complaints: stderr }
}
