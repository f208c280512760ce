import type { Dataset } from '../dicom/dataset.ts'
import type { Slice } from '../dicom/slice.ts'
import type { RgbImage } from '../imaging/raster.ts'
import { AppError } from '../errors.ts'
import { codeItem, codes, codingSchemes, privateScheme } from './codes.ts'
import { contributingEquipment, equipment, moments, researchOnly } from './common-modules.ts'
import { sopReference } from './content-items.ts'
import { canvasFactor, drawHeatmap } from './heatmap-picture.ts'
import type { HeatmapInput } from './heatmap-picture.ts'
import { isLegal } from './legal-values.ts'
import { patientDirection } from './patient-direction.ts'
import type { ReportContext } from './report-context.ts'
import { explanations, secondaryCaptureClassUid, sourceReference } from './result-series.ts'
import { heatmapUid, sliceKey } from './result-uids.ts'
import { probabilityText } from './sentences.ts'
import { sourceHeader } from './source-header.ts'

/** An object with a picture: the picture apart, for whoever shows it without DICOM. */
export interface Capture { readonly dataset: Dataset, readonly image: RgbImage }

/**
 * The heatmap of one slice and method: a Secondary Capture with the geometry of its source, `canvasFactor` times its matrix.
 * @throws AppError `internal` when the slice has no probability or the picture is not of the source's matrix
 */
export function buildSecondaryCapture (input: HeatmapInput): Capture {
  const { result, heatmap, display, series, context } = input
  const { slice, finding } = result
  const { source } = slice
  if (finding.kind !== 'classified') throw new AppError('internal', 'a slice without probability has no heatmap')
  if (display.width !== slice.pixel.columns || display.height !== slice.pixel.rows) {
    throw new AppError('internal', 'the picture is not of the size of its source', { columns: display.width, rows: display.height })
  }
  const image = drawHeatmap(input, finding.probability)
  const { name, imageType, code, seriesNumberBase } = explanations[heatmap.method]
  const seriesUid = series.heatmapSeriesUids[heatmap.method]
  const reference = sopReference(sourceReference(slice))
  const dataset: Dataset = {
    ...sourceHeader(source).dataset,
    ...captureModules(context),
    ...(code.scheme === privateScheme.designator
      ? { CodingSchemeIdentificationSequence: codingSchemes(context.software.manufacturer) }
      : {}),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    SOPInstanceUID: heatmapUid(slice, heatmap.method, seriesUid),
    // General Series
    Modality: context.scModality,
    SeriesInstanceUID: seriesUid,
    SeriesNumber: seriesNumberBase + series.ordinal,
    SeriesDescription: `AI ${series.contrast} ${name} - RESEARCH ONLY`,
    BodyPartExamined: bodyPart(slice),
    // General Image
    InstanceNumber: series.instanceNumbers.get(sliceKey(slice)) ?? null,
    ImageType: ['DERIVED', 'SECONDARY', 'HEATMAP', imageType],
    ...copied(slice, 'AcquisitionDate', 'DA'),
    ...copied(slice, 'AcquisitionTime', 'TM'),
    DerivationDescription: `${name} of the tuber class over the windowed slice; p=${probabilityText(finding.probability)}`,
    DerivationCodeSequence: [codeItem(code)],
    SourceImageSequence: [{
      ...reference,
      PurposeOfReferenceCodeSequence: [codeItem(codes.sourceImage)],
      SpatialLocationsPreserved: 'YES',
    }],
    // Common Instance Reference
    ReferencedSeriesSequence: [{
      // instances only: frames are named by SourceImageSequence
      ReferencedInstanceSequence: [sopReference({ sopClassUid: source.sopClassUid, sopInstanceUid: source.sopInstanceUid })],
      SeriesInstanceUID: source.seriesInstanceUid,
    }],
    ...geometry(slice, canvasFactor(display.width)),
    ...rgbPixels([image]),
  }
  return { dataset, image }
}

/** What every capture of ours says: SOP class, moments, equipment, SC Equipment and SC Image (PS3.3 C.8.6), no identity burned in. */
export function captureModules (context: ReportContext): Dataset {
  const { manufacturer, modelName, version } = context.software
  return {
    SOPClassUID: secondaryCaptureClassUid,
    ...moments(context),
    ...equipment(context),
    ConversionType: 'WSD',
    SecondaryCaptureDeviceManufacturer: manufacturer,
    SecondaryCaptureDeviceManufacturerModelName: modelName,
    SecondaryCaptureDeviceSoftwareVersions: version,
    DateOfSecondaryCapture: context.date,
    TimeOfSecondaryCapture: context.time,
    BurnedInAnnotation: 'NO',
    LossyImageCompression: '00',
    ImageComments: researchOnly,
  }
}

/**
 * Image Pixel (PS3.3 C.7.6.3) of frames of one size: RGB by pixel, 8 bits. PixelData is the pictures' own memory, copied when the
 * file is made and not before.
 */
export function rgbPixels (frames: readonly [RgbImage, ...RgbImage[]]): Dataset {
  const [{ width, height }] = frames
  return {
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    Rows: height,
    Columns: width,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: frames.map(({ data }) => ownMemory(data)),
  }
}

/** Memory that holds these bytes and nothing else. */
function ownMemory (data: Uint8Array): ArrayBuffer {
  const { buffer, byteLength } = data
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : new Uint8Array(data).buffer
}

/**
 * Frame of Reference and Image Plane of a canvas `factor` times its source. The centre of the first canvas pixel lies
 * (factor − 1) / (2 · factor) source pixels before that of the source, along rows and along columns (PS3.3 C.7.6.2.1.1).
 */
export function geometry (slice: Slice, factor: number): Dataset {
  const { plane, frameOfReferenceUid } = slice
  if (plane === undefined) return { PatientOrientation: null }
  const [betweenRows, betweenColumns] = plane.spacing
  const back = (factor - 1) / (2 * factor)
  const position = ([0, 1, 2] as const).map(axis => plane.position[axis] -
    back * (betweenColumns * plane.rowCosines[axis] + betweenRows * plane.columnCosines[axis]))
  return {
    ...(frameOfReferenceUid === undefined
      ? {}
      : {
          FrameOfReferenceUID: frameOfReferenceUid,
          PositionReferenceIndicator: copied(slice, 'PositionReferenceIndicator', 'LO')['PositionReferenceIndicator'] ?? null,
        }),
    ImagePositionPatient: position.map(decimal),
    ImageOrientationPatient: [...plane.rowCosines, ...plane.columnCosines].map(decimal),
    PixelSpacing: [betweenRows / factor, betweenColumns / factor].map(decimal),
    SliceThickness: plane.sliceThickness ?? null,
    ...copied(slice, 'SpacingBetweenSlices', 'DS'),
    ...copied(slice, 'SliceLocation', 'DS'),
    ...copied(slice, 'PatientPosition', 'CS'),
    PatientOrientation: [patientDirection(plane.rowCosines), patientDirection(plane.columnCosines)],
  }
}

/** Ten decimals, far below what a pixel can show: small remainders of arithmetic have too many digits for some readers of DS. */
function decimal (value: number): number {
  return Math.round(value * 1e10) / 1e10
}

/**
 * The source's, where it is a term for the head of PS3.16 CID 4; else HEAD, as nothing else is analysed: without a body part
 * readers must take it for a paired one that lacks its side (Laterality, PS3.3 C.7.3.1).
 */
function bodyPart (slice: Slice): string {
  const value = slice.attributes.string('BodyPartExamined')
  return value !== undefined && ['BRAIN', 'HEAD', 'HEADNECK', 'SKULL'].includes(value) ? value : 'HEAD'
}

function copied (slice: Slice, name: string, vr: 'CS' | 'DA' | 'DS' | 'LO' | 'TM'): Dataset {
  const value = slice.attributes.string(name) ?? slice.source.attributes.string(name)
  return value !== undefined && isLegal(vr, value) ? { [name]: value } : {}
}
