import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A STOW-RS server that refuses all it is sent until it is told otherwise, and then says of all that it is stored; it keeps nothing. */
export class RefusingPacs {
  refuses = true
  readonly url: string
  readonly #server: Server

  private constructor (server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rs`
  }

  static async open (t: { teardown: (body: () => void) => void }): Promise<RefusingPacs> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        if (request.method !== 'POST') { response.writeHead(204).end(); return }
        if (pacs.refuses) { response.writeHead(400).end(); return }
        response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(stored(Buffer.concat(chunks))))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const pacs = new RefusingPacs(server)
    t.teardown(() => { server.closeAllConnections(); server.close() })
    return pacs
  }

  close (): void { this.#server.close() }
}

/** ReferencedSOPSequence of all Part 10 files in a message, by their file meta information (PS3.10 7.1). */
function stored (body: Buffer): unknown {
  const text = body.toString('latin1')
  const values = (element: string) => [...text.matchAll(new RegExp(`\\x02\\x00${element}\\x00UI([^]{2})`, 'g'))].map(match => {
    const start = match.index + 8
    return text.slice(start, start + Buffer.from(match[1]!, 'latin1').readUInt16LE(0)).replace(/\0$/, '')
  })
  const classes = values('\\x02')
  const items = values('\\x03').map((sop, i) => ({ '00081150': { vr: 'UI', Value: [classes[i]] }, '00081155': { vr: 'UI', Value: [sop] } }))
  return { '00081199': { vr: 'SQ', Value: items } }
}
