import { type ConnectionFailure, failureTexts } from '../dicomweb/connection-failure.ts'
import { type Destination, destinationUrl } from '../dicomweb/destination.ts'
import { type Exchanged, tryExchange } from '../dicomweb/http-exchange.ts'

/** What a look at a destination showed; no text of the other side, no patient's data. */
export interface DestinationTest {
  /** It answered, whatever it said. */
  readonly reachable: boolean
  /** HTTP status of the search, or of OPTIONS where only that was answered. */
  readonly status: number | undefined
  /** `accepted` says that the credentials, or none, were not refused. */
  readonly auth: 'accepted' | 'refused' | 'no-token' | 'unknown'
  /** `none` is plain HTTP. */
  readonly tls: 'none' | 'ok' | 'certificate' | 'failed' | 'unknown'
  /** By the Allow header of OPTIONS, which few servers send. */
  readonly stow: 'yes' | 'no' | 'unknown'
  readonly qido: 'yes' | 'no' | 'unknown'
  /** A sentence for people. */
  readonly detail: string
}

const timeoutMs = 10_000
/** No study has it: the search must not bring a patient's data. */
const absentStudy = '2.25.0'

/** Asks a DICOMweb server what it can do, by OPTIONS and by a QIDO-RS search that finds nothing. @throws the signal's reason when aborted */
export async function testDestination (
  destination: Destination, options: { readonly signal?: AbortSignal } = {},
): Promise<DestinationTest> {
  const asked = { ...destination, answerTimeoutMs: Math.min(timeoutMs, destination.answerTimeoutMs ?? timeoutMs) }
  const url = destinationUrl(destination, 'studies')
  const search = await tryExchange(asked, {
    method: 'GET', url: `${url}?StudyInstanceUID=${absentStudy}&limit=1`, headers: { accept: 'application/dicom+json' }, ...options,
  })
  const capabilities = await tryExchange(asked, { method: 'OPTIONS', url, headers: { accept: 'application/json, */*;q=0.1' }, ...options })
  const secure = url.startsWith('https:')
  const status = statusOf(search) ?? statusOf(capabilities)
  if (status === undefined) return unreached('failure' in search ? search.failure : 'broken', secure)
  const refused = status === 401 || status === 403
  const qido = qidoOf(statusOf(search))
  return {
    reachable: true,
    status,
    auth: refused ? 'refused' : 'accepted',
    tls: secure ? 'ok' : 'none',
    stow: stowOf(capabilities),
    qido,
    detail: refused ? `The server refuses the credentials (${status}).` : qidoTexts[qido](status),
  }
}

const qidoTexts = {
  yes: () => 'The server answers searches.',
  no: (status: number) => `The server answers, but searching is not possible here (${status}): the address may be wrong.`,
  unknown: (status: number) => `The server answers the search with ${status}.`,
} as const

function statusOf (exchanged: Exchanged): number | undefined { return 'answer' in exchanged ? exchanged.answer.status : undefined }

function unreached (failure: ConnectionFailure, secure: boolean): DestinationTest {
  const tls = !secure ? 'none' : failure === 'certificate' ? 'certificate' : failure === 'tls' ? 'failed' : 'unknown'
  return {
    reachable: false,
    status: undefined,
    auth: failure === 'credentials' ? 'no-token' : 'unknown',
    tls,
    stow: 'unknown',
    qido: 'unknown',
    detail: `No answer: ${failureTexts[failure]}.`,
  }
}

function qidoOf (status: number | undefined): 'yes' | 'no' | 'unknown' {
  if (status === 200 || status === 204) return 'yes'
  return status === 404 || status === 405 || status === 501 ? 'no' : 'unknown'
}

/** RFC 9110 10.2.1 */
function stowOf (exchanged: Exchanged): 'yes' | 'no' | 'unknown' {
  const allow = 'answer' in exchanged && exchanged.answer.status < 300 ? exchanged.answer.headers['allow'] : undefined
  if (allow === undefined) return 'unknown'
  return allow.split(',').some(method => method.trim().toUpperCase() === 'POST') ? 'yes' : 'no'
}
