import type { FastifyRequest } from 'fastify'

/** A body may not be slower than this on average over one interval, nor take longer than the total. */
export interface BodyPace { readonly minBytesPerSecond: number, readonly intervalMs: number, readonly totalMs: number }

export const defaultBodyPace: BodyPace = { minBytesPerSecond: 8192, intervalMs: 60_000, totalMs: 30 * 60_000 }

/**
 * Watches a request body being read; calls `tooSlow` once and stops when it falls behind. Time in which we do not read
 * is not the sender's: while the stream is paused by back-pressure nothing is counted.
 * @returns stops watching
 */
export function watchBody (request: FastifyRequest, pace: BodyPace, tooSlow: () => void): () => void {
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
