import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Archive, CommitOutcome, IgnoreReason, ReceivedInstance, StagedFile, StagingFile } from '../archive/archive.ts'
import type { Instance } from '../dicom/instance.ts'
import { sopClass } from '../dicom/sop-classes.ts'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import type { Uid } from '../dicom/uid.ts'
import { lacksIssuer, withIssuer } from '../dicomweb/coercion.ts'
import { checkReceived, failureOf, hasInvalidNumber } from '../dicomweb/received-instance.ts'
import type { FailureReason, PartOutcome, WarningReason } from '../dicomweb/store-response.ts'
import { AppError, toAppError } from '../errors.ts'
import { instanceUrl } from './dicomweb-url.ts'
import { errorOf, instanceOfReading, type SopUids } from './instance-reading.ts'
import type { InstanceReader } from './instance-reader.ts'

export interface ReceptionOptions {
  readonly archive: Pick<Archive, 'stage' | 'commit'>
  /** Reads what was staged; a hostile file must not hold the event loop. */
  readonly reader: Pick<InstanceReader, 'read' | 'alone'>
  /** Why an instance is accepted and not kept; `undefined` when it is for us. */
  readonly ignoreReason: (instance: Instance) => IgnoreReason | undefined
  readonly ineligible: 'ignore' | 'reject'
  readonly maxInstanceBytes: number
  /** Set where an instance names no IssuerOfPatientID; `undefined` changes nothing. */
  readonly issuerOfPatientId: string | undefined
  /** The study that the request names, if it names one. */
  readonly study: Uid | undefined
  /** URL of the DICOMweb service. */
  readonly baseUrl: string
}

type Judged = Pick<ReceivedInstance, 'instance' | 'pixelDigest' | 'ignored'>
interface Pending { readonly position: number, readonly received: ReceivedInstance, readonly warning: WarningReason | undefined }

/** Requests beyond this many instances are committed in several transactions, so that memory stays bounded. */
const instancesPerCommit = 100
/** Instances of one request that are flushed and read while the next one comes. */
const mostUnderWay = 4

/**
 * Takes the instances of one store request: each is streamed to disk, then flushed, read and judged while the next one comes;
 * what is for us is committed in one transaction. A part that fails is an outcome; only what ends the whole request is thrown.
 */
export class Reception {
  readonly #options: ReceptionOptions
  readonly #outcomes: (PartOutcome | undefined)[] = []
  #pending: Pending[] = []
  readonly #underWay = new Set<Promise<void>>()
  #bytes = 0

  constructor (options: ReceptionOptions) {
    this.#options = options
  }

  /**
   * One instance, in the order of the request.
   * @param known UIDs that are known of it should its file tell none
   * @throws AppError `payload-too-large` when the part passes the limit, `interrupted` when the sender went away
   */
  async receive (body: AsyncIterable<Uint8Array>, known: SopUids = {}): Promise<void> {
    const position = this.#outcomes.push(undefined) - 1
    const staging = await this.#write(body).catch((thrown: unknown) => {
      const error = toAppError(thrown)
      if (error.code === 'payload-too-large' || error.code === 'interrupted') throw error
      this.#outcomes[position] = failure(error.facts['unterminated'] === true ? 'part-cut' : failureOf(error), commentOf(error), known)
    })
    if (staging === undefined) return
    const taken = this.#take(position, staging, known).finally(() => { this.#underWay.delete(taken) })
    this.#underWay.add(taken)
    if (this.#underWay.size >= mostUnderWay) await Promise.race(this.#underWay)
    if (this.#pending.length + this.#underWay.size >= instancesPerCommit) await this.#commit()
  }

  /** Notes a part that is refused unread. */
  refuse (reason: FailureReason, comment: string, known: SopUids = {}): void {
    this.#outcomes.push(failure(reason, comment, known))
  }

  /** Of the instances that came whole, whatever became of them. */
  get bytes (): number { return this.#bytes }

  /** Commits what is left; all outcomes in the order of the parts. */
  async finish (): Promise<PartOutcome[]> {
    await this.#commit()
    return this.#outcomes.map(outcome => outcome ?? failure('processing-failure', 'no outcome'))
  }

  /** Removes what was staged and not committed. */
  async abandon (): Promise<void> {
    await Promise.all(this.#underWay)
    const pending = this.#pending
    this.#pending = []
    for (const { received } of pending) await received.file.discard()
  }

  async #write (body: AsyncIterable<Uint8Array>): Promise<StagingFile> {
    const staging = await this.#options.archive.stage()
    try {
      await pipeline(limited(body, this.#options.maxInstanceBytes, 'instance'), staging.writable)
      return staging
    } catch (error) {
      await staging.discard()
      throw error
    }
  }

  /** A file that is complete: it becomes an outcome or waits for the commit. Never throws. */
  async #take (position: number, staging: StagingFile, known: SopUids): Promise<void> {
    try {
      // what is read and judged need not be on the device yet
      const [flushed, judged] = await Promise.allSettled([staging.seal(), this.#judge(staging.path)])
      if (flushed.status === 'rejected') throw flushed.reason
      this.#bytes += flushed.value.bytes
      if (judged.status === 'rejected') throw judged.reason
      if ('kind' in judged.value) this.#outcomes[position] = judged.value
      else await this.#keep(position, flushed.value, judged.value)
    } catch (thrown) {
      const error = toAppError(thrown)
      this.#outcomes[position] = failure(failureOf(error), commentOf(error), known)
    }
    if (this.#outcomes[position] !== undefined) await staging.discard()
  }

  /** Reads a file: an instance that is taken, or why it is not. */
  async #judge (path: string): Promise<Judged | PartOutcome> {
    const { study, ineligible, ignoreReason, reader } = this.#options
    const reading = await reader.read(path)
    if ('uids' in reading) return failureFor(errorOf(reading.failure), reading.uids)
    const instance = instanceOfReading(reading)
    const uids = { sopClassUid: instance.sopClassUid, sopInstanceUid: instance.sopInstanceUid }
    const wrong = checkReceived(instance, study)
    if (wrong !== undefined) return failure(wrong.reason, wrong.comment, uids)
    const ignored = ignoreReason(instance)
    if (ignored !== undefined) {
      return ineligible === 'reject' ? failure('sop-class-refused', 'not an object for this service', uids) : { instance, pixelDigest: undefined, ignored }
    }
    if (instance.frameCount > 0 && transferSyntax(instance.transferSyntaxUid) === undefined) {
      return failure('transfer-syntax', 'transfer syntax not supported', uids)
    }
    if (instance.frameCount === 0 && sopClass(instance.sopClassUid)?.image === true) {
      return failure('cannot-understand', 'PixelData is missing', uids)
    }
    if ('failure' in reading.pixels) return failureFor(errorOf(reading.pixels.failure), uids)
    return { instance, pixelDigest: reading.pixels.digest, ignored }
  }

  async #keep (position: number, file: StagedFile, judged: Judged): Promise<void> {
    const issuer = this.#options.issuerOfPatientId
    const received = { ...judged, file }
    if (judged.ignored === undefined && issuer !== undefined && lacksIssuer(judged.instance)) {
      this.#pending.push({ position, received: await this.#coerced(received, issuer), warning: 'coerced' })
      return
    }
    this.#pending.push({ position, received, warning: hasInvalidNumber(judged.instance) ? 'value-mismatch' : undefined })
  }

  /** The instance in a file of its own with the issuer set; the file that came is gone. */
  async #coerced (received: ReceivedInstance, issuer: string): Promise<ReceivedInstance> {
    const { file, instance } = received
    const { reader } = this.#options
    const staging = await reader.alone(async () =>
      await this.#write(Readable.from(withIssuer(await readFile(file.path), issuer, new Date()))))
    try {
      const coerced = await staging.seal()
      const reading = await reader.read(coerced.path)
      if ('uids' in reading) throw errorOf(reading.failure)
      await file.discard()
      return { ...received, instance: instanceOfReading(reading), file: coerced, receivedDigest: instance.digest }
    } catch (error) {
      await staging.discard()
      throw error
    }
  }

  /** In the order of the parts, whichever was judged first: of two copies of one instance the first one counts. */
  async #commit (): Promise<void> {
    await Promise.all(this.#underWay)
    const pending = this.#pending.sort((a, b) => a.position - b.position)
    if (pending.length === 0) return
    this.#pending = []
    const committed = await this.#options.archive.commit(pending.map(({ received }) => received))
    pending.forEach(({ position, received, warning }, i) => {
      this.#outcomes[position] = this.#outcomeOf(received.instance, committed[i], warning)
    })
  }

  #outcomeOf (instance: Instance, committed: CommitOutcome | undefined, warning: WarningReason | undefined): PartOutcome {
    const { sopClassUid, sopInstanceUid, studyInstanceUid } = instance
    const uids = { sopClassUid, sopInstanceUid }
    if (committed === undefined) return failure('processing-failure', 'processing failure', uids)
    if (committed.kind === 'failed') return failure(failureOf(committed.error), committed.error.message, uids)
    if (committed.kind === 'pixels-differ') return failure('duplicate', 'SOP instance is held with other pixels', uids)
    if (committed.kind === 'ignored') return { kind: 'stored', ...uids, studyInstanceUid, retrieveUrl: undefined }
    const retrieveUrl = instanceUrl(this.#options.baseUrl, instance)
    return { kind: 'stored', ...uids, studyInstanceUid, retrieveUrl, warning, replaced: committed.kind === 'replaced' }
  }
}

/** The words of foreign errors may repeat a value or a path. */
function commentOf ({ code, message }: AppError): string { return code === 'internal' ? 'internal error' : message }

function failureFor (error: AppError, uids: SopUids): PartOutcome { return failure(failureOf(error), commentOf(error), uids) }

function failure (reason: FailureReason, comment: string, uids: SopUids = {}): PartOutcome {
  return { kind: 'failed', reason, comment, ...uids }
}

/** A body as it comes. @throws AppError `payload-too-large` beyond the limit of what it is */
export async function * limited (
  body: AsyncIterable<Uint8Array>, limit: number, what: 'instance' | 'metadata',
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > limit) throw new AppError('payload-too-large', `The size of the ${what} passes its limit`, { limit: what })
    yield chunk
  }
}
