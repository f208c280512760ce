import { closeSync, fsync, openSync } from 'node:fs'
import { promisify } from 'node:util'

const flushOpen = promisify(fsync)

/**
 * Flushes a file, or the entries of a folder, to the device. Only the flush is left to another thread: to open and to close take
 * microseconds, and to hear of each from a thread many times that. @throws Error of the system
 */
export async function flush (path: string): Promise<void> {
  const descriptor = openSync(path, 'r')
  try {
    await flushOpen(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
