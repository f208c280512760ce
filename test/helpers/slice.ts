import type { Attributes } from '../../src/dicom/attributes.ts'
import type { Instance } from '../../src/dicom/instance.ts'
import type { Series } from '../../src/dicom/series.ts'
import type { ImagePixel, ImagePlane, MrAcquisition, Slice } from '../../src/dicom/slice.ts'
import { uidFromName } from '../../src/dicom/uid.ts'

type Value = string | number | readonly (string | number)[] | readonly Attributes[]

/** Attributes from literals: numbers, text, lists of either, or items. */
export function attributesOf (values: Readonly<Record<string, Value>>): Attributes {
  const list = (name: string) => {
    const value = values[name]
    return value === undefined ? [] : Array.isArray(value) ? value as readonly unknown[] : [value]
  }
  const strings = (name: string) => list(name).filter(v => typeof v !== 'object').map(String)
  const numbers = (name: string) => {
    const all = strings(name).map(Number)
    return all.every(Number.isFinite) ? all : []
  }
  return {
    has: name => name in values,
    string: name => strings(name)[0],
    strings,
    number: name => numbers(name)[0],
    numbers,
    items: name => list(name).filter((v): v is Attributes => typeof v === 'object' && v !== null),
    personName: () => undefined,
    bytes: () => undefined,
  }
}

export interface SliceLiteral {
  readonly name?: string
  /** Replaces the instance's header; Modality is MR unless given. */
  readonly header?: Readonly<Record<string, Value>>
  readonly sopClassUid?: string
  readonly frameNumber?: number
  /** Height along z in mm, for the default axial plane. */
  readonly z?: number
  readonly plane?: Partial<ImagePlane> | null
  readonly pixel?: Partial<ImagePixel>
  readonly acquisition?: Partial<MrAcquisition>
  readonly imageType?: readonly string[]
}

/** A plausible axial T2 fast spin echo slice (SE, TR 4000, TE 100) with what the literal changes; no pixels. */
export function sliceOf (literal: SliceLiteral = {}): Slice {
  const { name = 'slice', frameNumber = 1, z = 0 } = literal
  const attributes = attributesOf({ Modality: 'MR', ...literal.header })
  const source: Instance = {
    sopInstanceUid: uidFromName(`${name} ${z} ${frameNumber}`),
    sopClassUid: (literal.sopClassUid ?? '1.2.840.10008.5.1.4.1.1.4') as Instance['sopClassUid'],
    seriesInstanceUid: uidFromName('series'),
    studyInstanceUid: uidFromName('study'),
    transferSyntaxUid: '1.2.840.10008.1.2.1' as Instance['transferSyntaxUid'],
    attributes,
    frameCount: 1,
    digest: '',
    pixelData: { frame: async () => { throw new Error('a literal slice has no pixels') } },
    warnings: [],
  }
  return {
    source,
    frameNumber,
    attributes,
    plane: literal.plane === null ? undefined : { ...axialPlane, position: [0, 0, z], ...literal.plane },
    frameOfReferenceUid: undefined,
    pixel: {
      rows: 256,
      columns: 256,
      samplesPerPixel: 1,
      photometricInterpretation: 'MONOCHROME2',
      bitsAllocated: 16,
      bitsStored: 12,
      highBit: 11,
      signed: false,
      planarConfiguration: 0,
      padding: undefined,
      ...literal.pixel,
    },
    modality: { kind: 'linear', slope: 1, intercept: 0 },
    voi: [],
    acquisition: { ...t2Acquisition, ...literal.acquisition },
    imageType: literal.imageType ?? ['ORIGINAL', 'PRIMARY', 'M', 'ND'],
    instanceNumber: undefined,
    warnings: [],
  }
}

const axialPlane = {
  rowCosines: [1, 0, 0],
  columnCosines: [0, 1, 0],
  spacing: [0.9, 0.9],
  sliceThickness: 5,
} as const

/** A plain 2D T2 fast spin echo. */
export const t2Acquisition: MrAcquisition = {
  repetitionTime: 4000,
  echoTime: 100,
  inversionTimes: [],
  echoTrainLength: 15,
  flipAngle: 150,
  scanningSequence: ['SE'],
  sequenceVariant: ['SK'],
  scanOptions: [],
  mrAcquisitionType: '2D',
  acquisitionContrast: undefined,
  echoPlanar: false,
  inversionRecovery: false,
  diffusionBValues: [],
  diffusionDirectionality: undefined,
}

/** A plain 2D FLAIR. */
export const flairAcquisition: MrAcquisition = {
  ...t2Acquisition,
  repetitionTime: 9000,
  inversionTimes: [2500],
  scanningSequence: ['SE', 'IR'],
}

/** Nothing is said of the acquisition. */
export const silentAcquisition: MrAcquisition = {
  ...t2Acquisition,
  repetitionTime: undefined,
  echoTime: undefined,
  echoTrainLength: undefined,
  flipAngle: undefined,
  scanningSequence: [],
  sequenceVariant: [],
  mrAcquisitionType: undefined,
}

/** A series of literal slices. */
export function seriesOf (slices: readonly Slice[], name = 'series'): Series {
  return {
    seriesInstanceUid: uidFromName(name),
    studyInstanceUid: uidFromName('study'),
    instances: [...new Set(slices.map(slice => slice.source))],
    slices,
  }
}
