import type { FastifyRequest } from 'fastify'
import type { Instance } from '../dicom/instance.ts'
import { readInstance } from '../dicom/read-instance.ts'
import { parseJson } from '../dicomweb/parse-json.ts'
import { AppError, toAppError } from '../errors.ts'
import { instancesFromJson } from './dry-run.ts'

/** All files of a form that are only looked at; they are in memory together. */
const maxBytes = 64 * 2 ** 20

/**
 * The instances of a form's files: DICOM, or DICOM JSON.
 * @throws AppError `media-type-unsupported`, `payload-too-large`, `request-malformed`; as `readInstance` and `instancesFromJson`
 */
export async function trialInstances (request: FastifyRequest): Promise<Instance[]> {
  if (!request.isMultipart()) throw new AppError('media-type-unsupported', 'The form is multipart/form-data')
  const instances: Instance[] = []
  let bytes = 0
  try {
    for await (const { file } of request.files()) {
      // a stream without a listener ends the process when the form breaks off (fastify-multipart #594)
      file.on('error', () => undefined)
      const chunks: Buffer[] = []
      for await (const chunk of file as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new AppError('payload-too-large', 'The files are too large for a try', { limit: maxBytes })
        chunks.push(chunk)
      }
      const content = Buffer.concat(chunks)
      // a browser sends an empty file where none was chosen
      if (content.length > 0) instances.push(...instancesOf(content))
    }
  } catch (error) {
    throw error instanceof Error && 'statusCode' in error ? error : toAppError(error, 'request-malformed', 'The form is malformed')
  }
  if (instances.length === 0) throw new AppError('request-malformed', 'The form holds no file')
  return instances
}

function instancesOf (content: Buffer): Instance[] {
  const isJson = /^\s*[[{]/.test(content.toString('latin1', 0, 64))
  if (!isJson) return [readInstance(content)]
  return instancesFromJson(parseJson(content.toString('utf8')))
}
