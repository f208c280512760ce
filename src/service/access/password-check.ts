import { createHmac, randomBytes } from 'node:crypto'
import type { Client } from '../../config/clients-file.ts'
import { hashPassword, matchesPassword } from '../../config/password-hash.ts'
import { AppError } from '../../errors.ts'

/** A password that was right is not hashed anew for this long: a browser sends it with every request. */
const keepMs = 300_000
const maxKept = 1000
/** Hashes that are computed, or wait, at the same time: each takes 32 MiB and a tenth of a second. */
const maxAtOnce = 2
const maxWaiting = 30

interface Known { readonly client: Client, readonly until: number }

/** Verifies names and passwords of basic authentication (RFC 7617) against the file of clients. */
export class PasswordCheck {
  readonly #clients: () => readonly Client[]
  readonly #now: () => number
  readonly #matches: typeof matchesPassword
  /** Of this process alone: what is kept tells nothing about a password. */
  readonly #key = randomBytes(32)
  /** Right pairs of name and password; a file that was read anew has new clients, so they count for it alone. */
  #kept = new Map<string, Known>()
  #keptFor: readonly Client[] | undefined
  /** A hash to compare with when there is no such name, so that it takes as long. */
  #decoy: Promise<string> | undefined
  #running = 0
  readonly #queue: (() => void)[] = []

  constructor (clients: () => readonly Client[], now: () => number = () => performance.now(), matches = matchesPassword) {
    this.#clients = clients
    this.#now = now
    this.#matches = matches
  }

  /** Whether the pair was right lately: this costs nothing. */
  known (name: string, password: string): Client | undefined {
    const clients = this.#clients()
    if (this.#keptFor !== clients) {
      this.#kept.clear()
      this.#keptFor = clients
    }
    const known = this.#kept.get(this.#digest(name, password))
    return known !== undefined && known.until > this.#now() ? known.client : undefined
  }

  /** @throws AppError `too-many-requests` when too many passwords wait to be hashed */
  async verify (name: string, password: string): Promise<Client | undefined> {
    const known = this.known(name, password)
    if (known !== undefined) return known
    if (this.#running >= maxAtOnce && this.#queue.length >= maxWaiting) throw new AppError('too-many-requests', 'Too many passwords are being verified')
    const clients = this.#clients()
    const candidates = clients.filter(client => client.name === name && client.secret.kind === 'password')
    for (const client of candidates) {
      if (client.secret.kind !== 'password' || !await this.#inTurn(password, client.secret.hash)) continue
      this.#keep(name, password, client, clients)
      return client
    }
    if (candidates.length === 0) await this.#inTurn(password, await (this.#decoy ??= hashPassword(randomBytes(16).toString('hex'))))
    return undefined
  }

  async #inTurn (password: string, hash: string): Promise<boolean> {
    if (this.#running >= maxAtOnce) await new Promise<void>(resolve => this.#queue.push(resolve))
    this.#running++
    try {
      return await this.#matches(password, hash)
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
  }

  #keep (name: string, password: string, client: Client, clients: readonly Client[]): void {
    if (clients !== this.#keptFor) return
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(this.#digest(name, password), { client, until: this.#now() + keepMs })
  }

  #digest (name: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${name}:${password}`).digest('base64')
  }
}
