import type { Dataset } from '../dicom/dataset.ts'
import type { Slice } from '../dicom/slice.ts'
import type { RgbImage } from '../imaging/raster.ts'
import { AppError } from '../errors.ts'
import { multiFrameCaptureClassUid } from './map-stacks.ts'
import { planeGroups } from './plane-groups.ts'
import { rgbPixels } from './secondary-capture.ts'
import type { Capture } from './secondary-capture.ts'

/** One frame as it would be by itself. */
export interface CaptureFrame extends Capture { readonly slice: Slice }

/** An image of several pictures of one size. */
export interface MultiFrameCapture { readonly dataset: Dataset, readonly images: readonly RgbImage[] }

/** What the functional groups say of each frame, or what is of one frame alone. */
const ofOneFrame = [
  'ImagePositionPatient', 'ImageOrientationPatient', 'PixelSpacing', 'SliceThickness', 'SpacingBetweenSlices', 'SliceLocation',
]
/** Frame Label Vector (0018,2002). */
const frameLabelVector = 0x00182002

/**
 * The heatmaps of one series and method, all of one matrix, as one Multi-frame True Color SC (PS3.3 A.8.5). Its functional groups
 * allow the plane and no derivation, so that the sources are named for the whole image, in the order of the frames.
 * @param factor canvas pixels per source pixel
 * @throws AppError `internal` without frames
 */
export function buildMultiFrameCapture (
  frames: readonly CaptureFrame[], factor: number,
  { sopInstanceUid, instanceNumber }: { readonly sopInstanceUid: string, readonly instanceNumber: number },
): MultiFrameCapture {
  const [first] = frames
  if (first === undefined) throw new AppError('internal', 'an image of several frames has none')
  const slices = frames.map(({ slice }) => slice)
  const images = frames.map(({ image }) => image) as [RgbImage, ...RgbImage[]]
  const groups = planeGroups(slices, factor)
  const whole = Object.fromEntries(Object.entries(first.dataset).filter(([name]) => !ofOneFrame.includes(name)))
  const items = (name: string) => frames.flatMap(({ dataset }) => dataset[name] as Dataset[])
  const dataset: Dataset = {
    ...whole,
    SOPClassUID: multiFrameCaptureClassUid,
    SOPInstanceUID: sopInstanceUid,
    InstanceNumber: instanceNumber,
    DerivationDescription: (whole['DerivationDescription'] as string).replace(/; p=.*/, ', slice by slice'),
    SourceImageSequence: items('SourceImageSequence'),
    ReferencedSeriesSequence: [{
      ReferencedInstanceSequence: unique(items('ReferencedSeriesSequence').flatMap(one => one['ReferencedInstanceSequence'] as Dataset[])),
      SeriesInstanceUID: items('ReferencedSeriesSequence')[0]!['SeriesInstanceUID']!,
    }],
    // Multi-frame, SC Multi-frame Vector: of several frames only
    NumberOfFrames: frames.length,
    ...(frames.length === 1 ? {} : { FrameIncrementPointer: frameLabelVector, FrameLabelVector: slices.map(frameLabel) }),
    ...(groups === undefined
      ? {}
      : { SharedFunctionalGroupsSequence: [groups.shared], PerFrameFunctionalGroupsSequence: groups.perFrame }),
    ...rgbPixels(images),
  }
  return { dataset, images }
}

/** `I14`, or `I14 F3`; the place in the image where that does not fit (SH). */
function frameLabel ({ instanceNumber, source, frameNumber }: Slice, index: number): string {
  const label = [`I${instanceNumber ?? ''}`, ...(source.frameCount > 1 ? [`F${frameNumber}`] : [])].join(' ')
  return instanceNumber === undefined || label.length > 16 ? `#${index + 1}` : label
}

/** Frames of one source instance name it once. */
function unique (references: readonly Dataset[]): Dataset[] {
  return [...new Map(references.map(reference => [reference['ReferencedSOPInstanceUID'], reference])).values()]
}
