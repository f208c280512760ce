/** Long enough for a sender to go on, short beside what anybody waits for. */
const pauseMs = 100

/**
 * Does something a moment after it was asked for, once for all that ask meanwhile: what follows instances must not be done for each
 * of a hundred. It keeps no process alive.
 */
export function soon (body: () => void, ms = pauseMs): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      body()
    }, ms).unref()
  }
}
