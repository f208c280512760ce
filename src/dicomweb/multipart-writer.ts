import { randomBytes } from 'node:crypto'

/** A body part to be written. */
export interface OutgoingPart {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

/** 40 hexadecimal digits that no content can foresee. */
export function makeBoundary (): string {
  return randomBytes(20).toString('hex')
}

/** The Content-Type of a multipart/related message whose parts are of `type` (RFC 2387). */
export function multipartContentType (type: string, boundary: string): string {
  return `multipart/related; type="${type}"; boundary=${boundary}`
}

/**
 * Writes a multipart message. An error of a part's body passes through, so that the receiver sees a broken connection
 * and never a close delimiter after a cut part.
 */
export async function * writeParts (
  parts: AsyncIterable<OutgoingPart> | Iterable<OutgoingPart>, boundary: string,
): AsyncGenerator<Uint8Array> {
  for await (const { headers, body } of parts) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    yield Buffer.from(`--${boundary}\r\n${lines}\r\n`, 'latin1')
    if (body instanceof Uint8Array) yield body
    else yield * body
    yield Buffer.from('\r\n')
  }
  yield Buffer.from(`--${boundary}--\r\n`)
}
