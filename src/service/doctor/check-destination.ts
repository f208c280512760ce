import { destinationUrl } from '../../dicomweb/destination.ts'
import { tryExchange } from '../../dicomweb/http-exchange.ts'
import { connectDestination } from '../../workflow/connect-destination.ts'
import type { DestinationSettings } from '../../workflow/destination-settings.ts'
import { testDestination, type DestinationTest } from '../../workflow/destination-test.ts'
import { type Check, failure, ok, warning } from './check.ts'
import { checkValidity } from './check-certificates.ts'
import { peerCertificate } from './peer-certificate.ts'

/** Seconds that are told, and from which on certificates and tokens may be refused. */
const skew = { warning: 30, failure: 300 }

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
      ...checkClock(settings.id, date, (asked + options.now()) / 2),
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

async function checkPeer (area: string, settings: DestinationSettings, now: number): Promise<Check[]> {
  const found = await peerCertificate(settings)
  if (found === undefined) return []
  const validity = checkValidity(area, 'its certificate', found, now)
  if (found.distrust === undefined || (found.distrust === 'CERT_HAS_EXPIRED' && validity.state === 'failure')) return [validity]
  const wrongHost = found.distrust === 'ERR_TLS_CERT_ALTNAME_INVALID'
  return [failure(area, wrongHost ? `its certificate is not for ${new URL(settings.url).hostname}` : `its certificate is not trusted (${found.distrust})`,
    wrongHost ? 'use the name that the certificate is for' : 'name its issuer in tls.caFile, or in NODE_EXTRA_CA_CERTS'), validity]
}

/** By the Date header (RFC 9110 6.6.1), which is exact to a second. */
function checkClock (id: string, date: string | undefined, here: number): Check[] {
  const there = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(there)) return [ok('clock', `${id} does not tell its time`)]
  const seconds = Math.round((here - there) / 1000)
  const found = `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} ${id}`
  const todo = 'have both synchronised (NTP)'
  const off = Math.abs(seconds)
  return [off > skew.failure ? failure('clock', found, todo) : off > skew.warning ? warning('clock', found, todo) : ok('clock', found)]
}
