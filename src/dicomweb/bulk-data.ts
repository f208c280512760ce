import { DataSet } from '../dicom/data-set.ts'
import type { Instance } from '../dicom/instance.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { AppError } from '../errors.ts'
import { littleEndianValue } from '../dicom/explicit-encoding.ts'
import { nativeFrame } from './transcode.ts'

/**
 * The value that a BulkDataURI of our metadata stands for: `7FE00010`, or through sequences `54000100/0/54001010`; in little
 * endian, pixel data decoded.
 * @throws AppError `not-found`, and as decoding does
 */
export async function bulkData (instance: Instance, path: string, decoder: Decoder): Promise<Uint8Array> {
  const absent = new AppError('not-found', 'The instance has no such bulk data')
  const steps = path.split('/')
  const tag = steps.pop() ?? ''
  if (!/^[0-9A-Fa-f]{8}$/.test(tag) || steps.length % 2 !== 0) throw absent
  if (steps.length === 0 && tag.toUpperCase() === '7FE00010') {
    if (instance.frameCount === 0) throw absent
    const frames: Uint8Array[] = []
    for (let frame = 1; frame <= instance.frameCount; frame++) frames.push(await nativeFrame(instance, frame, decoder))
    return Buffer.concat(frames)
  }
  let dataSet: unknown = instance.attributes
  for (let i = 0; i < steps.length; i += 2) {
    dataSet = dataSet instanceof DataSet && /^[0-9A-Fa-f]{8}$/.test(steps[i]!) && /^\d{1,6}$/.test(steps[i + 1]!)
      ? dataSet.items(steps[i]!)[Number(steps[i + 1])]
      : undefined
  }
  if (!(dataSet instanceof DataSet)) throw absent
  const element = dataSet.element(parseInt(tag, 16))
  if (element === undefined || element.items !== undefined || element.fragments !== undefined) throw absent
  return littleEndianValue(dataSet, element)
}
