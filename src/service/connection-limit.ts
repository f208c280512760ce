import type { Server } from 'node:http'
import type { BlockList, Socket } from 'node:net'

/** Closes connections of an address that has so many open; those of trusted proxies are of many clients. 0 is no limit. */
export function limitConnections (server: Server, most: number, trusted: BlockList, onRefused: () => void): void {
  if (most === 0) return
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address, remoteFamily: family } = socket
    if (address === undefined || trusted.check(address, family === 'IPv6' ? 'ipv6' : 'ipv4')) return
    const count = (open.get(address) ?? 0) + 1
    if (count > most) {
      socket.destroy()
      onRefused()
      return
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
  })
}
