import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import { shortHash } from '../archive/tombstones.ts'
import type { WorkitemRow } from '../archive/workitem-table.ts'
import { isUid, type Uid } from '../dicom/uid.ts'
import { finalAttributes, parseInputs } from '../dicomweb/workitem.ts'
import { changeWorkitemState, retrieveWorkitem, searchWorkitems, updateWorkitem, type Worklist } from '../dicomweb/workitem-client.ts'
import { toAppError } from '../errors.ts'
import type { EventListener } from './events.ts'
import { newUid, outputsOf } from './workitems.ts'

/** Which worklist tuberlens takes its work from (IHE AIW-I performer, PS3.18 11). */
export interface WorklistSettings {
  readonly worklist: Worklist
  /** Attributes that a workitem for tuberlens has, by keyword or tag; SCHEDULED is always asked for. */
  readonly query: Readonly<Record<string, string>>
  readonly pollMs: number
}

interface Options {
  readonly archive: Pick<SqliteArchive, 'workitems'>
  readonly settings: WorklistSettings
  readonly now: () => number
  readonly onEvent: EventListener
}

/** Workitems claimed in one look: the rest is left to other performers of the same worklist. */
const claimsPerPoll = 4
/** Until the worklist is told again, ms: doubled with each try, at most the cap. */
const tellBaseMs = 5000
const tellCapMs = 600_000
/** How often it is tried; then the worklist is on its own (about three days). */
const maxTries = 440

/**
 * Takes workitems from a worklist: claims them with a Transaction UID of its own, which is the standard's own lock, so that any
 * number of performers may share a worklist; and tells it how each ended.
 */
export class WorklistPerformer {
  readonly #options: Options
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  #polledAt = -Infinity

  constructor (options: Options) { this.#options = options }

  /** Starts a look in the background, unless one is under way. */
  wake (): void {
    if (this.#abort.signal.aborted) return
    this.#running ??= this.#look().catch((thrown: unknown) => {
      if (!this.#abort.signal.aborted) this.#options.onEvent({ type: 'worklist-failed', code: toAppError(thrown).code })
    }).finally(() => { this.#running = undefined })
  }

  async idle (): Promise<void> { await this.#running }

  async stop (): Promise<void> {
    this.#abort.abort()
    await this.idle()
  }

  async #look (): Promise<void> {
    const { archive, settings, now } = this.#options
    for (const item of archive.workitems.untold(now(), 20)) {
      if (item.origin === 'claiming') await this.#settleClaim(item)
      else await this.#tell(item)
    }
    if (now() - this.#polledAt < settings.pollMs) return
    this.#polledAt = now()
    const { signal } = this.#abort
    const found = await searchWorkitems(settings.worklist, { ...settings.query, ProcedureStepState: 'SCHEDULED' }, { signal })
    let claimed = 0
    for (const uid of found) {
      if (claimed >= claimsPerPoll) return
      if (isUid(uid) && archive.workitems.get(uid) === undefined && await this.#claim(uid)) claimed++
    }
  }

  /** Whether the workitem is ours now. The Transaction UID is kept before it is used: a crash in between loses no claim. */
  async #claim (uid: Uid): Promise<boolean> {
    const { archive, settings: { worklist }, now, onEvent } = this.#options
    const { signal } = this.#abort
    const attributes = await retrieveWorkitem(worklist, uid, { signal })
    if (attributes === undefined) return false
    const inputs = readableInputs(attributes)
    if (inputs === undefined) {
      onEvent({ type: 'workitem-unusable', workitem: shortHash(uid) })
      return false
    }
    const transactionUid = newUid()
    archive.workitems.create({ uid, origin: 'claiming', inputs, attributes: { '00404021': attributes['00404021']! }, transactionUid }, now())
    archive.workitems.tellAgain(uid, now() + tellBaseMs)
    const answer = await changeWorkitemState(worklist, uid, { state: 'IN PROGRESS', transactionUid }, { signal })
    if (answer === 'accepted') archive.workitems.begin(uid, { transactionUid, ours: true }, now())
    else if (answer === 'refused') archive.workitems.drop(uid)
    return answer === 'accepted'
  }

  /** A claim without an answer: an update with its Transaction UID succeeds only if the claim did. */
  async #settleClaim ({ uid, transactionUid, attempt }: WorkitemRow): Promise<void> {
    const { archive, settings: { worklist }, now } = this.#options
    const { signal } = this.#abort
    if (transactionUid === undefined) { archive.workitems.drop(uid); return }
    const again = await changeWorkitemState(worklist, uid, { state: 'IN PROGRESS', transactionUid }, { signal })
    const answer = again === 'refused' ? await updateWorkitem(worklist, uid, transactionUid, progress, { signal }) : again
    if (answer === 'accepted') archive.workitems.begin(uid, { transactionUid, ours: true }, now())
    else if (answer === 'refused' || attempt >= maxTries) archive.workitems.drop(uid)
    else archive.workitems.tellAgain(uid, now() + pause(attempt))
  }

  /** Output first, then the final state: a completed workitem can no longer be updated. */
  async #tell (item: WorkitemRow): Promise<void> {
    const { archive, settings: { worklist }, now, onEvent } = this.#options
    const { signal } = this.#abort
    const { uid, state, transactionUid, begunAt, endedAt, reason, attempt } = item
    if ((state !== 'COMPLETED' && state !== 'CANCELED') || transactionUid === undefined) { archive.workitems.tellAgain(uid, undefined); return }
    const outputs = outputsOf(item, archive.workitems)
    const attributes = finalAttributes(state, begunAt ?? item.createdAt, endedAt ?? now(), outputs, reason)
    const updated = await updateWorkitem(worklist, uid, transactionUid, attributes, { signal })
    const answer = updated === 'unanswered' ? updated : await changeWorkitemState(worklist, uid, { state, transactionUid }, { signal })
    if (answer === 'unanswered' && attempt < maxTries) { archive.workitems.tellAgain(uid, now() + pause(attempt)); return }
    archive.workitems.tellAgain(uid, undefined)
    if (answer !== 'accepted') onEvent({ type: 'worklist-refused', workitem: shortHash(uid), state })
  }
}

const progress = { '00741002': { vr: 'SQ', Value: [{ '00741004': { vr: 'DS', Value: [0] } }] } }

function readableInputs (attributes: Parameters<typeof parseInputs>[0]): ReturnType<typeof parseInputs> | undefined {
  try {
    return parseInputs(attributes)
  } catch {
    return undefined
  }
}

function pause (attempt: number): number { return Math.min(tellCapMs, tellBaseMs * 2 ** Math.min(attempt, 10)) }
