import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

/**
 * Listens on one address: of `localhost` Fastify would make a listener for each, and renewed certificates and the limit of
 * connections would count for the first alone. @throws AppError `config-invalid`, `conflict`
 */
export async function listen (
  app: FastifyInstance, { host, port }: { readonly host: string, readonly port: number },
): Promise<AddressInfo> {
  try {
    const { address } = await lookup(host.replace(/^\[|\]$/g, ''), { order: 'ipv4first' })
    await app.listen({ host: address, port })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown cause'
    // another program may end, or be the one before this
    if (code === 'EADDRINUSE') throw new AppError('conflict', 'another program listens on TUBERLENS_PORT', { port }, { cause })
    throw new AppError('config-invalid', `the service cannot listen on TUBERLENS_HOST and TUBERLENS_PORT (${code})`, {}, { cause })
  }
  return app.server.address() as AddressInfo
}
