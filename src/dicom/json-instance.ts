import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { failingPixelData } from './frames.ts'
import type { Instance } from './instance.ts'
import { fromDicomJson } from './json-attributes.ts'
import { isUid, parseUid } from './uid.ts'

const explicitLittleEndian = '1.2.840.10008.1.2.1'

/**
 * An instance known by its metadata alone (PS3.18 10.4.1.1.3), for questions that need no pixels. Its digest is that of
 * the JSON text; an image has as many frames as NumberOfFrames says, and none of them can be read.
 * @throws AppError `dicom-malformed`, `uid-invalid`
 */
export function instanceFromDicomJson (json: unknown): Instance {
  const attributes = fromDicomJson(json)
  const uid = (name: string) => parseUid(attributes.string(name), name)
  const available = attributes.string('AvailableTransferSyntaxUID') ?? ''
  const frames = attributes.number('NumberOfFrames') ?? 1
  const isImage = attributes.has('Rows') && Number.isInteger(frames) && frames > 0 && frames <= 10_000
  return {
    sopInstanceUid: uid('SOPInstanceUID'),
    sopClassUid: uid('SOPClassUID'),
    seriesInstanceUid: uid('SeriesInstanceUID'),
    studyInstanceUid: uid('StudyInstanceUID'),
    transferSyntaxUid: parseUid(isUid(available) ? available : explicitLittleEndian, 'AvailableTransferSyntaxUID'),
    attributes,
    frameCount: isImage ? frames : 0,
    digest: createHash('sha256').update(JSON.stringify(json)).digest('hex'),
    pixelData: failingPixelData(new AppError('pixel-data-missing', 'Metadata holds no pixels')),
    warnings: [],
  }
}
