import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestCertificate } from '../../helpers/certificates.ts'

interface Owner { teardown: (action: () => unknown) => unknown }

/** A DICOMweb server that answers as it is told, over TLS with a certificate. @returns its DICOMweb root, by `host` */
export async function stubPacs (t: Owner, answer: RequestListener, certificate?: TestCertificate, host = '127.0.0.1'): Promise<string> {
  const server = certificate === undefined ? createServer(answer) : createSecureServer({ cert: certificate.cert, key: certificate.key }, answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `${certificate === undefined ? 'http' : 'https'}://${host}:${(server.address() as AddressInfo).port}/dicom-web`
}
