import type { FastifyRequest } from 'fastify'
import { AppError, toAppError } from '../errors.ts'
import type { TakenPlace } from './store-places.ts'

/** A body may not be slower than this on average over one interval, nor take longer than the total. */
export interface BodyPace { readonly minBytesPerSecond: number, readonly intervalMs: number, readonly totalMs: number }

export const defaultBodyPace: BodyPace = { minBytesPerSecond: 8192, intervalMs: 60_000, totalMs: 30 * 60_000 }

/**
 * Waits for a body to be read. When it comes too slowly it waits no longer, so that there can be an answer; the reading
 * then ends with the connection, which must close after that answer, and `cleanUp` follows. The same when its place is needed.
 * @throws AppError `request-timeout`; else what `reading` throws
 */
export async function keepPace (
  request: FastifyRequest, pace: BodyPace, reading: Promise<void>, cleanUp: () => Promise<void>, place?: Pick<TakenPlace, 'onEviction'>,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const giveUp = (): void => {
      // once the answer is out, the server no longer tells the request that its connection is gone
      request.raw.socket.once('close', () => request.raw.destroy())
      reading.catch(() => undefined).then(cleanUp).catch((thrown: unknown) => {
        request.log.error({ err: toAppError(thrown) }, 'cleaning up failed')
      })
      reject(new AppError('request-timeout', 'The body of the request came too slowly'))
    }
    const unwatch = watchBody(request, pace, giveUp)
    place?.onEviction(() => {
      unwatch()
      giveUp()
    })
    reading.then(resolve, reject).finally(unwatch)
  })
}

/**
 * Watches a request body being read; calls `tooSlow` once and stops when it falls behind. Time in which we do not read
 * is not the sender's: while the stream is paused by back-pressure nothing is counted.
 * @returns stops watching
 */
function watchBody (request: FastifyRequest, pace: BodyPace, tooSlow: () => void): () => void {
  const { socket } = request.raw
  const began = Date.now()
  let bytesBefore = socket.bytesRead
  let ended = false
  const timer = setInterval(() => {
    const bytes = socket.bytesRead - bytesBefore
    bytesBefore = socket.bytesRead
    const waitsForUs = request.raw.readableLength > 0
    const slow = !waitsForUs && bytes < pace.minBytesPerSecond * pace.intervalMs / 1000
    if (!request.raw.complete && (slow || Date.now() - began > pace.totalMs)) {
      stop()
      tooSlow()
    }
  }, pace.intervalMs)
  timer.unref()
  const stop = (): void => {
    if (ended) return
    ended = true
    clearInterval(timer)
  }
  return stop
}
