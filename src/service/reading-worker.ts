import { parentPort } from 'node:worker_threads'
import { toAppError } from '../errors.ts'
import type { ThreadReply } from '../imaging/worker-thread.ts'
import { readReceived } from './instance-reading.ts'
import type { InstanceReading } from './instance-reading.ts'
import { fileRoom } from './thread-file.ts'

/** A file to be read. */
export interface ReadingRequest { readonly path: string }

export interface ReadingResult { readonly reading: InstanceReading }

const port = parentPort
if (port !== null) {
  const reply = (message: ThreadReply<ReadingResult>): void => { port.postMessage(message) }
  // one file at a time
  const room = fileRoom()
  port.on('message', ({ path }: ReadingRequest) => {
    readReceived(path, room).then(reading => reply({ kind: 'done', reading })).catch((thrown: unknown) => {
      const { code, facts } = toAppError(thrown)
      // what the system says names the path
      reply({ kind: 'failed', code, message: 'A received file cannot be read', facts })
    })
  })
  reply({ kind: 'ready' })
}
