import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problemMediaType, problemOfStatus } from './problems.ts'

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}

/**
 * Answers a problem to what the HTTP parser could not read, and closes the connection. There is no request yet, so its
 * id stands in the answer alone.
 * @param code of the parser's error
 */
export function answerClientError (code: string, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = statuses[code] ?? 400
  const body = JSON.stringify(problemOfStatus(status, randomUUID()))
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', ...(status === 408 ? ['Retry-After: 30'] : [])]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
