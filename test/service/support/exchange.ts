import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { TestService } from './test-service.ts'

/** Lets a service listen on a free port. */
export async function listen (service: TestService): Promise<number> {
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  return (service.app.server.address() as AddressInfo).port
}

/** Sends bytes as they are, in pieces, and gives all that comes back until the other side closes. */
export async function exchange (port: number, pieces: readonly (Buffer | string)[], pause = 0): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => undefined)
  const closed = once(socket, 'close')
  for (const piece of pieces) {
    socket.write(piece)
    if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause))
  }
  await closed
  return Buffer.concat(received).toString('latin1')
}

/** Status, headers and body of a raw answer. */
export function readAnswer (answer: string): { status: number, headers: string, body: string } {
  const end = answer.indexOf('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]), headers: answer.slice(0, end), body: answer.slice(end + 4) }
}
