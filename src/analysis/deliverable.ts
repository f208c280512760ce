import type { Dataset } from '../dicom/dataset.ts'
import { encodePart10 } from '../dicom/write-part10.ts'
import { AppError } from '../errors.ts'
import type { RgbImage } from '../imaging/raster.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import type { MultiFrameCapture } from '../report/multi-frame-capture.ts'
import type { ReportContext } from '../report/report-context.ts'

/** Objects that are made when asked for. */
export const extraKinds = ['key-objects', 'pdf'] as const
export type ExtraKind = typeof extraKinds[number]

export type DeliverableKind = HeatmapMethod | 'parametric-map' | 'summary' | 'sr' | ExtraKind

/** One result object, encoded. */
export interface Deliverable {
  readonly kind: DeliverableKind
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly seriesInstanceUid: string
  readonly studyInstanceUid: string
  readonly instanceNumber: number
  /** 1-based number of the analysed series; `undefined` for objects of the whole study. */
  readonly ordinal: number | undefined
  /** A complete DICOM file. */
  readonly bytes: Uint8Array
  /** The same picture without DICOM. */
  readonly picture: RgbImage | undefined
  /** The document that it encapsulates, as a file. */
  readonly document: Uint8Array | undefined
}

interface Encoding { readonly picture?: RgbImage, readonly document?: Uint8Array, readonly transferSyntaxUid?: string }

const rleLossless = '1.2.840.10008.1.2.5'

/** One frame of RLE Lossless. */
export type EncodeRle = (image: RgbImage) => Promise<Uint8Array>

/** Captures in the transfer syntax that is wanted; the picture of an image of several frames is its first one. */
export async function captured (
  kind: DeliverableKind, ordinal: number | undefined, { dataset, images }: MultiFrameCapture,
  { objects }: ReportContext, encodeRle: EncodeRle | undefined,
): Promise<Deliverable> {
  const [picture] = images as [RgbImage]
  if (objects.compression === 'none') return deliverable(kind, ordinal, dataset, { picture })
  if (encodeRle === undefined) throw new AppError('internal', 'captures are to be compressed, and nothing compresses them')
  const frames: ArrayBuffer[] = []
  for (const image of images) frames.push(new Uint8Array(await encodeRle(image)).buffer)
  return deliverable(kind, ordinal, { ...dataset, PixelData: frames }, { picture, transferSyntaxUid: rleLossless })
}

export function deliverable (
  kind: DeliverableKind, ordinal: number | undefined, dataset: Dataset,
  { picture, document, transferSyntaxUid }: Encoding = {},
): Deliverable {
  const uid = (keyword: string) => dataset[keyword] as string
  return {
    kind,
    ordinal,
    picture,
    document,
    sopClassUid: uid('SOPClassUID'),
    sopInstanceUid: uid('SOPInstanceUID'),
    seriesInstanceUid: uid('SeriesInstanceUID'),
    studyInstanceUid: uid('StudyInstanceUID'),
    instanceNumber: Number(dataset['InstanceNumber'] ?? 1),
    bytes: encodePart10(dataset, transferSyntaxUid === undefined ? {} : { transferSyntaxUid }),
  }
}
