import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Archive, CommitOutcome, IgnoreReason, ReceivedInstance, StagedFile } from '../archive/archive.ts'
import { pixelDigest } from '../archive/instance-header.ts'
import { DataSet } from '../dicom/data-set.ts'
import type { Instance } from '../dicom/instance.ts'
import { parsePart10 } from '../dicom/part10.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import { isUid, type Uid } from '../dicom/uid.ts'
import { checkReceived, failureOf, hasInvalidNumber } from '../dicomweb/received-instance.ts'
import type { FailureReason, PartOutcome } from '../dicomweb/store-response.ts'
import { AppError, toAppError } from '../errors.ts'
import { instanceUrl } from './dicomweb-url.ts'

export interface ReceptionOptions {
  readonly archive: Pick<Archive, 'stage' | 'commit'>
  /** Why an instance is accepted and not kept; `undefined` when it is for us. */
  readonly ignoreReason: (instance: Instance) => IgnoreReason | undefined
  readonly ineligible: 'ignore' | 'reject'
  readonly maxInstanceBytes: number
  /** The study that the request names, if it names one. */
  readonly study: Uid | undefined
  /** URL of the DICOMweb service. */
  readonly baseUrl: string
}

interface Pending { readonly position: number, readonly received: ReceivedInstance }

/** Requests beyond this many instances are committed in several transactions, so that memory stays bounded. */
const instancesPerCommit = 100

/**
 * Takes the instances of one store request: each is streamed to disk, read and judged; what is for us is committed in
 * one transaction. A part that fails is an outcome; only what ends the whole request is thrown.
 */
export class Reception {
  readonly #options: ReceptionOptions
  readonly #outcomes: (PartOutcome | undefined)[] = []
  #pending: Pending[] = []

  constructor (options: ReceptionOptions) {
    this.#options = options
  }

  /**
   * One instance, in the order of the request.
   * @throws AppError `payload-too-large` when the part passes the limit, `interrupted` when the sender went away
   */
  async receive (body: AsyncIterable<Uint8Array>): Promise<void> {
    const position = this.#outcomes.push(undefined) - 1
    const file = await this.#stage(body).catch((thrown: unknown) => {
      const error = toAppError(thrown)
      if (error.code === 'payload-too-large' || error.code === 'interrupted') throw error
      this.#outcomes[position] = failure(error.facts['unterminated'] === true ? 'part-cut' : failureOf(error), error.message)
    })
    if (file === undefined) return
    try {
      await this.#judge(position, file)
    } catch (thrown) {
      const error = toAppError(thrown)
      this.#outcomes[position] = failure(failureOf(error), error.message, await identify(file.path))
    }
    if (this.#outcomes[position] !== undefined) await file.discard()
    if (this.#pending.length >= instancesPerCommit) await this.#commit()
  }

  /** Notes a part that is refused unread. */
  refuse (reason: FailureReason, comment: string): void {
    this.#outcomes.push(failure(reason, comment))
  }

  /** Commits what is left; all outcomes in the order of the parts. */
  async finish (): Promise<PartOutcome[]> {
    await this.#commit()
    return this.#outcomes.map(outcome => outcome ?? failure('processing-failure', 'no outcome'))
  }

  /** Removes what was staged and not committed. */
  async abandon (): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    for (const { received } of pending) await received.file.discard()
  }

  async #stage (body: AsyncIterable<Uint8Array>): Promise<StagedFile> {
    const staging = await this.#options.archive.stage()
    try {
      await pipeline(limited(body, this.#options.maxInstanceBytes), staging.writable)
      return await staging.seal()
    } catch (error) {
      await staging.discard()
      throw error
    }
  }

  async #judge (position: number, file: StagedFile): Promise<void> {
    const { study, ineligible, ignoreReason } = this.#options
    const instance = await readInstanceFile(file.path)
    const { sopClassUid, sopInstanceUid } = instance
    const refuse = (reason: FailureReason, comment: string): void => {
      this.#outcomes[position] = failure(reason, comment, { sopClassUid, sopInstanceUid })
    }
    const wrong = checkReceived(instance, study)
    if (wrong !== undefined) { refuse(wrong.reason, wrong.comment); return }
    const ignored = ignoreReason(instance)
    if (ignored !== undefined && ineligible === 'reject') { refuse('sop-class-refused', 'not an object for this service'); return }
    if (ignored === undefined && instance.frameCount > 0 && transferSyntax(instance.transferSyntaxUid) === undefined) {
      refuse('transfer-syntax', 'transfer syntax not supported')
      return
    }
    const digest = ignored === undefined ? await pixelDigest(instance) : undefined
    this.#pending.push({ position, received: { instance, file, pixelDigest: digest, ignored } })
  }

  async #commit (): Promise<void> {
    const pending = this.#pending
    if (pending.length === 0) return
    this.#pending = []
    const committed = await this.#options.archive.commit(pending.map(({ received }) => received))
    pending.forEach(({ position, received }, i) => {
      this.#outcomes[position] = this.#outcomeOf(received.instance, committed[i])
    })
  }

  #outcomeOf (instance: Instance, committed: CommitOutcome | undefined): PartOutcome {
    const { sopClassUid, sopInstanceUid, studyInstanceUid } = instance
    const uids = { sopClassUid, sopInstanceUid }
    if (committed === undefined) return failure('processing-failure', 'processing failure', uids)
    if (committed.kind === 'failed') return failure(failureOf(committed.error), committed.error.message, uids)
    if (committed.kind === 'pixels-differ') return failure('duplicate', 'SOP instance is held with other pixels', uids)
    if (committed.kind === 'ignored') return { kind: 'stored', ...uids, studyInstanceUid, retrieveUrl: undefined }
    const retrieveUrl = instanceUrl(this.#options.baseUrl, instance)
    return { kind: 'stored', ...uids, studyInstanceUid, retrieveUrl, ...(hasInvalidNumber(instance) ? { warning: 'value-mismatch' } : {}) }
  }
}

function failure (reason: FailureReason, comment: string, uids: Partial<Uids> = {}): PartOutcome {
  return { kind: 'failed', reason, comment, ...uids }
}

interface Uids { readonly sopClassUid: string, readonly sopInstanceUid: string }

/** The SOP UIDs of a file that could not be taken, as far as they can be read. */
async function identify (path: string): Promise<Partial<Uids>> {
  try {
    const attributes = new DataSet(parsePart10(await readFile(path)).table)
    const sopClassUid = attributes.string('SOPClassUID')
    const sopInstanceUid = attributes.string('SOPInstanceUID')
    return {
      ...(sopClassUid !== undefined && isUid(sopClassUid) ? { sopClassUid } : {}),
      ...(sopInstanceUid !== undefined && isUid(sopInstanceUid) ? { sopInstanceUid } : {}),
    }
  } catch {
    return {}
  }
}

async function * limited (body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > limit) throw new AppError('payload-too-large', 'An instance passes the limit of its size', { limit: 'instance' })
    yield chunk
  }
}
