import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { AppError } from '../errors.ts'
import { showsToken } from './access/shows-token.ts'
import type { Metrics } from './metrics.ts'

/**
 * `GET /metrics` on a port of its own, for this machine or a network that only Prometheus is in; nothing else is there.
 * @param token that a request must show, where there is one
 * @throws AppError `config-invalid` when the address cannot be listened on
 */
export async function serveMetrics (
  metrics: Metrics, address: { readonly host: string, readonly port: number }, token?: () => Promise<string>,
): Promise<Server> {
  const answer = async ({ headers }: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (token !== undefined && !showsToken(headers.authorization, await token())) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      return
    }
    const text = await metrics.render()
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
  }
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const [path] = (request.url ?? '').split('?')
    if (path !== '/metrics') { response.writeHead(404).end(); return }
    if (request.method !== 'GET' && request.method !== 'HEAD') { response.writeHead(405, { allow: 'GET, HEAD' }).end(); return }
    answer(request, response).catch(() => { response.writeHead(503).end() })
  })
  server.listen(address.port, address.host)
  await once(server, 'listening').catch((cause: unknown) => {
    throw new AppError('config-invalid', 'the metrics cannot listen on TUBERLENS_METRICS_PORT', { port: address.port }, { cause })
  })
  return server
}
