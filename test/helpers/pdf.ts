import { inflateSync } from 'node:zlib'

/** As much of a PDF file (ISO 32000-1) as the tests look at, read by themselves. */
export interface PdfContent {
  /** Of each page, the strings that it shows, in the order in which they are drawn. */
  readonly pages: readonly (readonly string[])[]
  readonly images: number
  readonly titles: readonly string[]
}

/** Reads a file of the kind that our builder writes: no object streams, content streams deflated, strings in hexadecimal. */
export function readPdf (bytes: Uint8Array): PdfContent {
  const file = Buffer.from(bytes).toString('latin1')
  const objects = new Map<string, string>()
  for (const [, number, body] of file.matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) objects.set(number!, body!)
  const found = [...objects.values()]
  const kids = /\/Kids \[([^\]]*)\]/.exec(found.find(body => body.includes('/Type /Pages'))!)![1]!
  const pages = [...kids.matchAll(/(\d+) 0 R/g)].map(([, number]) => {
    const [, contents] = /\/Contents (\d+) 0 R/.exec(objects.get(number!)!)!
    const body = objects.get(contents!)!
    const stream = body.slice(body.indexOf('stream\n') + 7, body.lastIndexOf('\nendstream'))
    return shown(inflateSync(Buffer.from(stream, 'latin1')).toString('latin1'))
  })
  return {
    pages,
    images: found.filter(body => body.includes('/Subtype /Image')).length,
    titles: found.filter(body => body.includes('/Dest ')).flatMap(body => /\/Title \(([^)]*)\)/.exec(body)?.[1] ?? []),
  }
}

function shown (content: string): string[] {
  return [...content.matchAll(/\[([^\]]*)\] TJ/g)].map(([, parts]) =>
    [...parts!.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1')).join(''))
}
