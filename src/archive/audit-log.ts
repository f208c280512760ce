import { createHash } from 'node:crypto'
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toAppError, type AppError } from '../errors.ts'
import { AuditFile } from './audit-file.ts'
import { uidHash } from './tombstones.ts'

/** Events of PS3.15 A.5.3, by their DCM code (PS3.16 CID 400). */
export const auditEvents = {
  110100: 'Application Activity',
  110103: 'DICOM Instances Accessed',
  110104: 'DICOM Instances Transferred',
  110105: 'DICOM Study Deleted',
  110109: 'Order Record',
  110112: 'Query',
  110113: 'Security Alert',
  110114: 'User Authentication',
} as const
export type AuditCode = keyof typeof auditEvents

/** EventOutcomeIndicator (PS3.15 A.5.2): success, minor failure, serious failure, major failure. */
export type AuditOutcome = 0 | 4 | 8 | 12

export interface AuditEvent {
  readonly code: AuditCode
  /** `start`, `stop`, `import`, `export`, `read`, `query`, `delete`, … */
  readonly action: string
  readonly outcome: AuditOutcome
  /** Who did it, as the file of clients or the issuer of tokens names them; never what a request claims. */
  readonly user?: string | undefined
  /** Address of the client. */
  readonly source?: string | undefined
  /** Study Instance UIDs; the log holds their SHA-256. */
  readonly studies?: readonly string[]
  /** Numbers, codes and configured names; nothing of a patient. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>
}

export interface AuditLogOptions {
  readonly folder: string
  readonly now?: () => number
  /** Called for each attempt to write that failed. */
  readonly onFailure?: (error: AppError) => void
  /** Pause after a failure; 5000 by default. */
  readonly retryMs?: number
}

interface Waiting { readonly event: AuditEvent, readonly at: number, done: () => void }
/** The last line, and the file that it is in. */
interface Chain { readonly sequence: number, readonly hash: string }
interface LastLink extends Chain { readonly name: string }

/** What is kept in memory while the log cannot be written; beyond it the oldest are lost, and the log says how many. */
const maxWaiting = 10_000
export const firstHash = '0'.repeat(64)

/**
 * The audit trail: one JSON line an event, each with the hash of the line before, one file a month, the chain going on from file to
 * file. A line that was changed, taken out or put in breaks the chain. Study UIDs are hashed, as a trail is kept longer than
 * a study may be; who knows a UID finds its lines.
 */
export class AuditLog {
  readonly #folder: string
  readonly #file = new AuditFile()
  readonly #now: () => number
  readonly #onFailure: (error: AppError) => void
  #chain: Chain
  #waiting: Waiting[] = []
  #lost = 0
  #writing: Promise<void> | undefined
  /** By the monotonic clock. */
  #retryAt = 0
  readonly #retryMs: number
  /** The newest file: a clock that goes back over the end of a month must not lead into the one before, whose chain has ended. */
  #newest: string

  private constructor ({ folder, now = Date.now, onFailure = () => undefined, retryMs = 5000 }: AuditLogOptions, last: LastLink) {
    this.#folder = folder
    this.#now = now
    this.#onFailure = onFailure
    this.#retryMs = retryMs
    this.#chain = last
    this.#newest = last.name
  }

  /** Goes on after the last whole line; what a power cut left of a line is cut off. @throws AppError `internal` */
  static async open (options: AuditLogOptions): Promise<AuditLog> {
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 })
      return new AuditLog(options, await lastLink(options.folder))
    } catch (thrown) {
      throw toAppError(thrown, 'out-of-resources', 'the audit log cannot be opened')
    }
  }

  /** Resolves when the event is on the device, or could not be written now and will be tried again. Never rejects. */
  async record (event: AuditEvent): Promise<void> {
    const written = new Promise<void>(resolve => { this.#waiting.push({ event, at: this.#now(), done: resolve }) })
    while (this.#waiting.length > maxWaiting) {
      this.#waiting.shift()?.done()
      this.#lost++
    }
    if (this.#writing === undefined) {
      // a full disk is not asked again for every event
      if (performance.now() < this.#retryAt) return
      this.#writing = this.#drain()
    }
    await written
  }

  /** The hash of the last line: kept elsewhere, it shows when the end of the log was cut off. */
  get lastHash (): string { return this.#chain.hash }

  /** Events that wait because they could not be written. */
  get pending (): number { return this.#waiting.length }

  /** Writes what is left. */
  async close (): Promise<void> {
    await this.#writing
    if (this.#waiting.length > 0) await this.#write()
    this.#file.close()
  }

  async #drain (): Promise<void> {
    while (this.#waiting.length > 0) if (!await this.#write()) return
    // in the same turn as the last look: an event that comes now starts anew
    this.#writing = undefined
  }

  /** All that waits in one write and one flush; whether it succeeded. */
  async #write (): Promise<boolean> {
    const batch = [...this.#waiting]
    const lost = this.#lost
    const [first] = batch
    if (first === undefined) return true
    const ofMonth = `audit-${new Date(first.at).toISOString().slice(0, 7)}.jsonl`
    const name = ofMonth > this.#newest ? ofMonth : this.#newest
    const path = join(this.#folder, name)
    let chain = this.#chain
    const lines = batch.map(({ event, at }, i) => {
      const link = linked(chain, event, at, i === 0 ? lost : 0)
      chain = link.chain
      return link.line
    })
    try {
      await this.#file.append(path, lines.join(''))
    } catch (thrown) {
      this.#onFailure(toAppError(thrown, 'out-of-resources', 'the audit log cannot be written'))
      this.#retryAt = performance.now() + this.#retryMs
      this.#writing = undefined
      for (const waiting of this.#waiting) waiting.done()
      return false
    }
    this.#chain = chain
    this.#newest = name
    this.#lost -= lost
    const written = new Set(batch)
    this.#waiting = this.#waiting.filter(waiting => !written.has(waiting))
    for (const { done } of batch) done()
    return true
  }
}

interface Link { readonly line: string, readonly chain: Chain }

function linked ({ sequence, hash: previous }: Chain, event: AuditEvent, at: number, lost: number): Link {
  const { code, action, outcome, user, source, studies, facts } = event
  const text = JSON.stringify({
    sequence: sequence + 1,
    at: new Date(at).toISOString(),
    event: String(code),
    name: auditEvents[code],
    action,
    outcome,
    ...(user !== undefined && { user }),
    ...(source !== undefined && { source }),
    ...(studies !== undefined && { studies: studies.map(uidHash) }),
    ...(facts !== undefined && { facts }),
    ...(lost > 0 && { lostBefore: lost }),
    previous,
  })
  const hash = hashOf(text)
  return { line: `${text.slice(0, -1)},"hash":"${hash}"}\n`, chain: { sequence: sequence + 1, hash } }
}

/** The hash of a line is that of its JSON without the hash. */
export function hashOf (text: string): string { return createHash('sha256').update(text).digest('hex') }

async function lastLink (folder: string): Promise<LastLink> {
  const names = (await readdir(folder)).filter(name => /^audit-\d{4}-\d{2}\.jsonl$/.test(name)).sort()
  for (const name of names.reverse()) {
    const line = await lastLine(join(folder, name))
    if (line === undefined) continue
    const { sequence, hash } = JSON.parse(line) as Chain
    return { sequence, hash, name }
  }
  return { sequence: 0, hash: firstHash, name: '' }
}

/** Cuts off what follows the last line feed. */
async function lastLine (path: string): Promise<string | undefined> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    // a line is far shorter
    const tail = Buffer.alloc(Math.min(size, 1 << 20))
    await file.read(tail, 0, tail.length, size - tail.length)
    const end = tail.lastIndexOf(0x0a)
    if (end + 1 < tail.length) await file.truncate(size - (tail.length - end - 1))
    if (end < 0) return undefined
    return tail.toString('utf8', tail.lastIndexOf(0x0a, end - 1) + 1, end)
  } finally {
    await file.close()
  }
}
