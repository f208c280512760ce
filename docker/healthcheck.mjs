// Asks the service of this container whether it is alive: exit code 0 or 1. Its event loop has to answer within four seconds.
import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'

const { TUBERLENS_HOST: host = '', TUBERLENS_PORT: port = '8080', TUBERLENS_TLS_CERT_FILE: certificate, TUBERLENS_TLS_CLIENT_CERTIFICATE: client } = process.env
const secure = certificate !== undefined && certificate !== ''
const every = ['', '0.0.0.0', '::', '[::]'].includes(host)
const end = (code, why) => {
  if (why !== undefined) console.error(why)
  process.exit(code)
}
const asked = (secure ? overHttps : overHttp)({
  host: every ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''),
  port,
  path: '/livez',
  timeout: 4000,
  // it is this container's own, and may be made for another name
  ...(secure && { rejectUnauthorized: false }),
}, answer => end(answer.statusCode === 200 ? 0 : 1, answer.statusCode === 200 ? undefined : `/livez answers ${answer.statusCode}`))
asked.on('timeout', () => end(1, 'no answer within 4 s'))
// a service that asks every client for its certificate refuses this one: only a living one can
asked.on('error', error => end(secure && client === 'required' && /SSL|TLS|EPROTO|ECONNRESET/.test(error.code ?? '') ? 0 : 1, error.code))
asked.end()
