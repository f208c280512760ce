import { destinationUrl } from '../../dicomweb/destination.ts'
import { tryExchange } from '../../dicomweb/http-exchange.ts'
import { connectDestination } from '../../workflow/connect-destination.ts'
import type { DestinationSettings } from '../../workflow/destination-settings.ts'
import { testDestination, type DestinationTest } from '../../workflow/destination-test.ts'
import { type Check, failure, ok, warning } from './check.ts'
import { checkClock } from './check-clock.ts'
import { checkPeerCertificate } from './check-peer.ts'
import { lookAtPeer, peerOf } from './look-at-peer.ts'

/** Whether a destination answers a search, takes the credentials, shows a good certificate, and tells the time that it is here. */
export async function checkDestination (
  settings: DestinationSettings, options: { readonly now: () => number, readonly signal: AbortSignal },
): Promise<Check[]> {
  const area = `destination ${settings.id}`
  const connection = connectDestination(settings)
  try {
    const test = await testDestination(connection, { signal: options.signal })
    const secure = settings.url.startsWith('https:')
    const shown = secure ? await checkPeer(area, settings, options.now()) : []
    if (!test.reachable) return [failure(area, test.detail, unreachedTodo(settings, test)), ...shown]
    const asked = options.now()
    const search = await tryExchange(connection, {
      method: 'GET', url: `${destinationUrl(connection, 'studies')}?StudyInstanceUID=2.25.0&limit=1`, headers: { accept: 'application/dicom+json' }, signal: options.signal,
    })
    const date = 'answer' in search ? search.answer.headers['date'] : undefined
    return [
      checkAnswer(area, settings, test),
      ...settings.auth.kind === 'none' || secure ? [] : [warning(area, 'credentials go to it over plain HTTP', 'use an https URL, or a network that nobody else can listen to')],
      ...shown,
      checkClock(settings.id, date, (asked + options.now()) / 2),
    ]
  } finally {
    await connection.close()
  }
}

function checkAnswer (area: string, { url, auth, verify }: DestinationSettings, test: DestinationTest): Check {
  const { auth: credentials, qido, detail, status, stow } = test
  if (credentials === 'refused') return failure(area, detail, auth.kind === 'none' ? 'give it credentials: it wants some' : 'check user and password, token or certificate, and its rights there')
  if (stow === 'no') return failure(area, 'The server says that it takes no studies (STOW-RS).', `check that ${url} is its DICOMweb root`)
  if (qido === 'yes') return ok(area, `${url} answers searches and takes the credentials`)
  const todo = `check that ${url} is its DICOMweb root`
  if (status !== undefined && status >= 500) return failure(area, detail, 'look into its log')
  return qido === 'no' && verify === 'qido' ? failure(area, detail, `${todo}; where it has no QIDO-RS, verify by wado or none`) : warning(area, detail, todo)
}

function unreachedTodo ({ url }: DestinationSettings, { auth, tls }: DestinationTest): string {
  if (auth === 'no-token') return 'check the secret, and that the token server can be reached'
  if (tls === 'certificate') return 'trust its issuer by tls.caFile (or NODE_EXTRA_CA_CERTS), or have its certificate mended'
  return tls === 'failed' ? 'give the client certificate that it asks for, by tls.certFile and tls.keyFile' : `check ${new URL(url).host}: name, port, firewall, and that it runs`
}

async function checkPeer (area: string, { url, tls }: DestinationSettings, now: number): Promise<Check[]> {
  const peer = peerOf(url, tls)
  // what keeps a connection from coming about is told by the test
  const { certificate } = await lookAtPeer(peer)
  return certificate === undefined ? [] : checkPeerCertificate(area, peer, certificate, 'tls.caFile, or in NODE_EXTRA_CA_CERTS', now)
}
