import { isIP } from 'node:net'

/** Attempts of one address within a window, both counted from the first of them. */
interface Attempts { count: number, readonly until: number }

/** Addresses that are remembered; the oldest is forgotten first. */
const maxAddresses = 10_000

/** Counts attempts by address, those of IPv6 by the network of 64 bits that one machine has. */
export class AttemptLimit {
  readonly #most: number
  readonly #windowMs: number
  readonly #now: () => number
  readonly #addresses = new Map<string, Attempts>()

  constructor (most: number, windowMs: number, now: () => number = () => performance.now()) {
    this.#most = most
    this.#windowMs = windowMs
    this.#now = now
  }

  /** Counts one more; how many there were in the window with it. */
  count (address: string): number {
    const key = networkOf(address)
    const attempts = this.#current(key) ?? { count: 0, until: this.#now() + this.#windowMs }
    attempts.count++
    this.#addresses.set(key, attempts)
    if (this.#addresses.size > maxAddresses) this.#addresses.delete(this.#addresses.keys().next().value!)
    return attempts.count
  }

  /** Seconds until the address may try again; 0 when it may. */
  waitS (address: string): number {
    const attempts = this.#current(networkOf(address))
    if (attempts === undefined || attempts.count < this.#most) return 0
    return Math.max(1, Math.ceil((attempts.until - this.#now()) / 1000))
  }

  #current (key: string): Attempts | undefined {
    const attempts = this.#addresses.get(key)
    if (attempts === undefined || attempts.until > this.#now()) return attempts
    this.#addresses.delete(key)
    return undefined
  }
}

function networkOf (address: string): string {
  if (isIP(address) !== 6 || /^::ffff:\d+\./i.test(address)) return address
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = address.includes('::') ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right] : left
  return groups.slice(0, 4).map(group => parseInt(group, 16).toString(16)).join(':')
}
