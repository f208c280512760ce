import type { Dataset } from '../dicom/dataset.ts'
import { uidFromName } from '../dicom/uid.ts'
import { mapToSource } from '../imaging/map-to-source.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { AppError } from '../errors.ts'
import { codeItem, codes, codingSchemes, privateScheme } from './codes.ts'
import { contributingEquipment, equipment, moments } from './common-modules.ts'
import { sopReference } from './content-items.ts'
import { parametricMapClassUid } from './map-stacks.ts'
import type { MapStack } from './map-stacks.ts'
import { planeGroups } from './plane-groups.ts'
import type { ReportContext } from './report-context.ts'
import { explanations, sourceReference } from './result-series.ts'
import type { ResultSeries } from './result-series.ts'
import type { SliceResult } from './series-findings.ts'
import { sourceHeader } from './source-header.ts'
import { heatmapOf } from './stored-maps.ts'

/** Values below are written as 0: viewers that lay a map over its source show small ones nearly as opaque as large ones. */
export const smallestValue = 0.1
const seriesNumberBase = 9400
const frameType = ['DERIVED', 'PRIMARY', 'VOLUME', 'NONE']
/** Image Position (Patient), of the Plane Position macro. */
const positionTag = 0x00200032
const planePositionTag = 0x00209113

export interface ParametricMapInput {
  readonly stack: MapStack
  readonly method: HeatmapMethod
  readonly results: ResultSeries
  readonly context: ReportContext
}

/**
 * The maps of one series and method as numbers, for machines: a Parametric Map (PS3.3 A.75) of floats 0 to 1, each slice scaled to
 * its own maximum, in the matrix and the planes of the source.
 * @throws AppError `internal` when a slice of the stack has no map or no geometry
 */
export function buildParametricMap ({ stack, method, results, context }: ParametricMapInput): Dataset {
  const slices = stack.results.map(({ slice }) => slice)
  const groups = planeGroups(slices, 1)
  const [first] = slices
  if (first === undefined || groups === undefined) throw new AppError('internal', 'a parametric map needs slices with geometry')
  const { source, frameOfReferenceUid, pixel: { rows, columns } } = first
  const { name, imageType, code, mapNumber } = explanations[method]
  const dimensions = uidFromName(`dimensions|${stack.sopInstanceUid}`)
  const instances = new Map(slices.map(slice => [slice.source.sopInstanceUid, slice.source.sopClassUid]))
  return {
    // SOP Common
    ...sourceHeader(source).dataset,
    SOPClassUID: parametricMapClassUid,
    SOPInstanceUID: stack.sopInstanceUid,
    ...moments(context),
    ...(code.scheme === privateScheme.designator
      ? { CodingSchemeIdentificationSequence: codingSchemes(context.software.manufacturer) }
      : {}),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    // General Series
    Modality: 'MR',
    SeriesInstanceUID: results.parametricMapSeriesUid,
    SeriesNumber: seriesNumberBase + results.ordinal,
    SeriesDescription: `AI ${results.contrast} maps - RESEARCH ONLY`,
    BodyPartExamined: 'HEAD',
    // Frame of Reference, Equipment
    FrameOfReferenceUID: frameOfReferenceUid ?? null,
    PositionReferenceIndicator: null,
    ...equipment(context),
    // Parametric Map Image (PS3.3 C.8.32.2)
    InstanceNumber: mapNumber,
    ImageType: frameType,
    ContentLabel: imageType,
    ContentDescription: `${name} of the tuber class`,
    ContentCreatorName: null,
    ContentQualification: 'RESEARCH',
    BurnedInAnnotation: 'NO',
    RecognizableVisualFeatures: 'NO',
    LossyImageCompression: '00',
    PresentationLUTShape: 'IDENTITY',
    AcquisitionContextSequence: [],
    // Multi-frame Dimension
    ...(groups.parallel ? { DimensionOrganizationType: '3D' } : {}),
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: dimensions }],
    DimensionIndexSequence: [{
      DimensionOrganizationUID: dimensions,
      DimensionIndexPointer: positionTag,
      FunctionalGroupPointer: planePositionTag,
      DimensionDescriptionLabel: 'Image Position (Patient)',
    }],
    // Common Instance Reference
    ReferencedSeriesSequence: [{
      ReferencedInstanceSequence: Array.from(instances, ([sopInstanceUid, sopClassUid]) =>
        sopReference({ sopClassUid, sopInstanceUid })),
      SeriesInstanceUID: source.seriesInstanceUid,
    }],
    // Functional Groups
    SharedFunctionalGroupsSequence: [{ ...groups.shared, ...sharedGroups(method) }],
    PerFrameFunctionalGroupsSequence: stack.results.map((result, i) => ({
      FrameContentSequence: [{ DimensionIndexValues: i + 1 }],
      ...groups.perFrame[i]!,
      DerivationImageSequence: [derivation(result, method)],
    })),
    // Image Pixel, Floating Point Image Pixel (PS3.3 C.7.6.24)
    NumberOfFrames: slices.length,
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    BitsAllocated: 32,
    FloatPixelData: [pixels(stack.results, method, columns, rows)],
  }
}

/** Frame Anatomy, Pixel Value Transformation, Frame VOI LUT, Real World Value Mapping, Parametric Map Frame Type. */
function sharedGroups (method: HeatmapMethod): Dataset {
  const { name, imageType, code } = explanations[method]
  return {
    FrameAnatomySequence: [{ FrameLaterality: 'U', AnatomicRegionSequence: [codeItem(codes.brain)] }],
    PixelValueTransformationSequence: [{ RescaleIntercept: 0, RescaleSlope: 1, RescaleType: 'US' }],
    FrameVOILUTSequence: [{ WindowCenter: 0.5, WindowWidth: 1 }],
    RealWorldValueMappingSequence: [{
      LUTExplanation: name,
      LUTLabel: imageType,
      DoubleFloatRealWorldValueFirstValueMapped: 0,
      DoubleFloatRealWorldValueLastValueMapped: 1,
      RealWorldValueIntercept: 0,
      RealWorldValueSlope: 1,
      MeasurementUnitsCodeSequence: [codeItem(codes.noUnits)],
      QuantityDefinitionSequence: [{
        ValueType: 'CODE',
        ConceptNameCodeSequence: [codeItem(codes.quantity)],
        ConceptCodeSequence: [codeItem(code)],
      }],
    }],
    ParametricMapFrameTypeSequence: [{ FrameType: frameType }],
  }
}

function derivation ({ slice }: SliceResult, method: HeatmapMethod): Dataset {
  return {
    DerivationCodeSequence: [codeItem(explanations[method].code)],
    SourceImageSequence: [{
      ...sopReference(sourceReference(slice)),
      PurposeOfReferenceCodeSequence: [codeItem(codes.sourceImage)],
      SpatialLocationsPreserved: 'YES',
    }],
  }
}

/** Frame after frame, row by row, little endian. */
function pixels (results: readonly SliceResult[], method: HeatmapMethod, columns: number, rows: number): ArrayBuffer {
  const data = new DataView(new ArrayBuffer(results.length * columns * rows * 4))
  for (const [i, result] of results.entries()) {
    const heatmap = heatmapOf(result, method)
    if (heatmap === undefined || result.toSource === undefined) throw new AppError('internal', 'a slice of a parametric map has no map')
    const values = mapToSource(heatmap.values, heatmap.width, heatmap.height, result.toSource, columns, rows)
    for (let j = 0, at = i * columns * rows * 4; j < values.length; j++, at += 4) {
      const value = values[j]!
      data.setFloat32(at, value < smallestValue ? 0 : Math.min(1, value), true)
    }
  }
  return data.buffer
}
