import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { AuditEvent, AuditLog } from '../archive/audit-log.ts'
import { type SyslogSettings, syslogTls } from '../config/audit.ts'
import { toAppError, type AppError } from '../errors.ts'
import { auditMessage } from './audit-message.ts'

export interface AuditSyslogOptions {
  readonly host: string
  readonly processId: number
  /** Called when the collector cannot be reached, and when messages are lost. */
  readonly onFailure: (error: AppError, lost: number) => void
  /** First pause after a failure, doubled up to a minute; 1000 by default. */
  readonly retryMs?: number
  /** Messages that wait at most; the oldest are lost beyond it. */
  readonly maxWaiting?: number
}

/** Facility 10 (security), severity 5 (notice) or 4 (warning) (RFC 5424 6.2.1). */
const priority = (outcome: number): number => 80 + (outcome === 0 ? 5 : 4)
const connectMs = 10_000
const maxPauseMs = 60_000

/**
 * Sends audit messages to a collector by syslog over TLS (RFC 5424, RFC 5425; PS3.15 A.6). They wait in memory while it cannot be
 * reached; nobody waits for them. Syslog has no acknowledgement: what was on its way when a connection breaks may be lost, or
 * come twice. The trail of the data folder is the one that holds everything.
 */
export class AuditSyslog {
  readonly #settings: SyslogSettings
  readonly #options: AuditSyslogOptions
  readonly #waiting: Buffer[] = []
  #socket: TLSSocket | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #lost = 0
  #closing = false
  #drained: (() => void) | undefined

  constructor (settings: SyslogSettings, options: AuditSyslogOptions) {
    this.#settings = settings
    this.#options = options
  }

  get pending (): number { return this.#waiting.length }

  /** Returns at once. */
  send (event: AuditEvent, at = new Date()): void {
    const { host, processId, maxWaiting = 10_000 } = this.#options
    const header = `<${priority(event.outcome)}>1 ${at.toISOString()} ${token(host)} tuberlens ${processId} DICOM+RFC3881 -`
    // the mark says that what follows is UTF-8 (RFC 5424 6.4)
    const message = Buffer.from(`${header} \ufeff${auditMessage(event, at, this.#options)}`)
    this.#waiting.push(Buffer.concat([Buffer.from(`${message.length} `), message]))
    if (this.#waiting.length > maxWaiting) {
      this.#waiting.shift()
      this.#lost++
    }
    this.#open()
  }

  /** Sends what waits, for so long, and closes. */
  async close (graceMs = 2000): Promise<void> {
    this.#closing = true
    if (this.#waiting.length > 0) {
      const timer = setTimeout(() => this.#drained?.(), graceMs)
      await new Promise<void>(resolve => { this.#drained = resolve })
      clearTimeout(timer)
    }
    clearTimeout(this.#timer)
    this.#socket?.end()
    this.#socket?.destroySoon()
    this.#socket = undefined
  }

  #open (): void {
    if (this.#socket !== undefined || this.#timer !== undefined) return
    const { host, port } = this.#settings
    let socket: TLSSocket
    try {
      socket = connect({ host, port, minVersion: 'TLSv1.2', ...(isIP(host) === 0 && { servername: host }), ...syslogTls(this.#settings) })
    } catch (thrown) {
      this.#failed(thrown)
      return
    }
    this.#socket = socket
    let failure: unknown
    socket.setTimeout(connectMs, () => { if (socket.connecting) socket.destroy(new Error('no answer')) })
    socket.once('secureConnect', () => {
      socket.setTimeout(0)
      this.#failures = 0
      this.#write(socket)
    })
    socket.on('error', error => { failure = error })
    // a collector says nothing; reading shows when it goes away
    socket.resume().once('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      if (failure !== undefined || this.#waiting.length > 0) this.#failed(failure)
    })
    socket.unref()
  }

  /** One after the other: what is not handed over stays. */
  #write (socket: TLSSocket): void {
    const [message] = this.#waiting
    if (message === undefined) {
      this.#drained?.()
      return
    }
    socket.write(message, error => {
      if (error !== null && error !== undefined) return
      if (this.#waiting[0] === message) this.#waiting.shift()
      this.#write(socket)
    })
  }

  #failed (thrown: unknown): void {
    const pause = Math.min(maxPauseMs, (this.#options.retryMs ?? 1000) * 2 ** this.#failures++)
    this.#options.onFailure(toAppError(thrown, 'remote-unreachable', 'the collector of audit messages cannot be reached'), this.#lost)
    this.#lost = 0
    if (this.#closing) {
      this.#drained?.()
      return
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#waiting.length > 0) this.#open()
    }, pause)
    this.#timer.unref()
  }
}

/** The trail of the data folder, and a copy of each event to the collector where there is one. */
export function copied (audit: Pick<AuditLog, 'record'>, syslog: Pick<AuditSyslog, 'send'> | undefined): Pick<AuditLog, 'record'> {
  if (syslog === undefined) return audit
  return {
    record: async event => {
      syslog.send(event)
      await audit.record(event)
    },
  }
}

/** PRINTUSASCII without blanks (RFC 5424 6). */
function token (text: string): string { return text.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-' }
