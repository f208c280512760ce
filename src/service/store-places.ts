import type { FastifyRequest } from 'fastify'
import type { BodyPace } from './slow-body-watchdog.ts'

/** A request has this long before it must be at its pace, in ms. */
const graceMs = 5000

interface Place {
  readonly request: FastifyRequest
  readonly since: number
  readonly bytesBefore: number
  evict: (() => void) | undefined
}

/** One taken place. */
export interface TakenPlace {
  /** What ends the request when its place is needed. */
  onEviction (evict: () => void): void
  leave (): void
}

/**
 * Places for store requests. When all are taken, a sender that is behind the pace loses its place to one who comes: so a few
 * connections that trickle do not keep the PACS out.
 */
export class StorePlaces {
  readonly #most: number
  readonly #pace: BodyPace
  readonly #now: () => number
  readonly #taken = new Set<Place>()

  constructor (most: number, pace: BodyPace, now: () => number = () => performance.now()) {
    this.#most = most
    this.#pace = pace
    this.#now = now
  }

  /** Whether one more may come, perhaps in the place of another. */
  makeRoom (): boolean {
    if (this.#taken.size < this.#most) return true
    const slow = [...this.#taken].find(place => place.evict !== undefined && this.#isSlow(place))
    if (slow === undefined) return false
    this.#taken.delete(slow)
    slow.evict?.()
    return true
  }

  take (request: FastifyRequest): TakenPlace {
    const place: Place = { request, since: this.#now(), bytesBefore: request.raw.socket.bytesRead, evict: undefined }
    this.#taken.add(place)
    return {
      onEviction: evict => { place.evict = evict },
      leave: () => { this.#taken.delete(place) },
    }
  }

  /** Time in which we do not read what has come is not the sender's. */
  #isSlow ({ request: { raw }, since, bytesBefore }: Place): boolean {
    const ms = this.#now() - since
    if (ms < graceMs || raw.complete || raw.readableLength > 0) return false
    return raw.socket.bytesRead - bytesBefore < this.#pace.minBytesPerSecond * ms / 1000
  }
}
