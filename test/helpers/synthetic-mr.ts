import type { Dataset } from '../../src/dicom/dataset.ts'
import type { Instance } from '../../src/dicom/instance.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import type { Slice, Vector3 } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'

export interface SyntheticGeometry {
  readonly rows: number
  readonly columns: number
  /** [between rows, between columns], mm */
  readonly spacing: readonly [number, number]
  readonly row: Vector3
  readonly column: Vector3
  readonly position: Vector3
}

export const axial: SyntheticGeometry = {
  rows: 96, columns: 80, spacing: [2, 2.5], row: [1, 0, 0], column: [0, 1, 0], position: [-100, -96, 10],
}

const header: Dataset = {
  PatientName: { Alphabetic: 'Doe^Jane' },
  PatientID: 'P1',
  PatientBirthDate: '20150203',
  PatientSex: 'F',
  StudyInstanceUID: uidFromName('test study'),
  StudyDate: '20260101',
  StudyTime: '101010',
  ReferringPhysicianName: null,
  StudyID: 'S1',
  AccessionNumber: null,
  SeriesInstanceUID: uidFromName('test series'),
  SeriesNumber: 4,
  SeriesDescription: 'AX FLAIR',
  Modality: 'MR',
  Manufacturer: 'Test',
  FrameOfReferenceUID: uidFromName('test frame of reference'),
  PositionReferenceIndicator: null,
  PatientPosition: 'HFS',
  BodyPartExamined: 'BRAIN',
  SeriesDate: '20260101',
  SeriesTime: '101011',
  ContentDate: '20260101',
  ContentTime: '101012',
  AcquisitionDate: '20260101',
  AcquisitionTime: '101012',
}

const pixelModule = ({ rows, columns }: SyntheticGeometry): Dataset => ({
  SamplesPerPixel: 1,
  PhotometricInterpretation: 'MONOCHROME2',
  Rows: rows,
  Columns: columns,
  BitsAllocated: 16,
  BitsStored: 12,
  HighBit: 11,
  PixelRepresentation: 0,
})

/** An ellipse for a head, brighter inside, and a mark of the highest value where told. */
export function phantom ({ rows, columns }: SyntheticGeometry, marked?: { column: number, row: number }): Uint16Array<ArrayBuffer> {
  const pixels = new Uint16Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const radius = Math.hypot((column + 0.5) / columns * 2 - 1, (row + 0.5) / rows * 2 - 1)
      pixels[row * columns + column] = radius > 0.8 ? 4 : radius > 0.74 ? 700 : 380 + (row * 7 + column * 13) % 40
    }
  }
  if (marked !== undefined) pixels[marked.row * columns + marked.column] = 1000
  return pixels
}

/** A classic MR image, complete for dciodvfy. */
export function mrDataset (index: number, changes: Dataset = {}, geometry = axial, pixels: Uint16Array<ArrayBuffer> = phantom(geometry)): Dataset {
  const [x, y, z] = geometry.position
  return {
    ...header,
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
    SOPInstanceUID: uidFromName(`test image ${index}`),
    InstanceNumber: index + 1,
    ImageType: ['ORIGINAL', 'PRIMARY', 'OTHER'],
    ScanningSequence: ['SE', 'IR'],
    SequenceVariant: 'SK',
    ScanOptions: null,
    MRAcquisitionType: '2D',
    EchoTime: 100,
    EchoTrainLength: 9,
    RepetitionTime: 9000,
    InversionTime: 2500,
    SliceThickness: 5,
    SpacingBetweenSlices: 6,
    SliceLocation: index * 6,
    ImagePositionPatient: [x, y, z + index * 6],
    ImageOrientationPatient: [...geometry.row, ...geometry.column],
    PixelSpacing: [...geometry.spacing],
    WindowCenter: 450,
    WindowWidth: 900,
    ...pixelModule(geometry),
    PixelData: [pixels.slice().buffer],
    ...changes,
  }
}

/** An Enhanced MR image of `frames` frames: what readers of slices need, no more. */
export function enhancedDataset (frames: number, changes: Dataset = {}, geometry = axial): Dataset {
  const [x, y, z] = geometry.position
  const one = phantom(geometry)
  const pixels = new Uint16Array(one.length * frames)
  for (let frame = 0; frame < frames; frame++) pixels.set(one, frame * one.length)
  return {
    ...header,
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4.1',
    SOPInstanceUID: uidFromName('test enhanced image'),
    InstanceNumber: 1,
    ImageType: ['ORIGINAL', 'PRIMARY', 'T2', 'NONE'],
    NumberOfFrames: frames,
    SharedFunctionalGroupsSequence: [{
      PlaneOrientationSequence: [{ ImageOrientationPatient: [...geometry.row, ...geometry.column] }],
      PixelMeasuresSequence: [{ SliceThickness: 5, SpacingBetweenSlices: 6, PixelSpacing: [...geometry.spacing] }],
    }],
    PerFrameFunctionalGroupsSequence: Array.from({ length: frames }, (_, frame) => ({
      PlanePositionSequence: [{ ImagePositionPatient: [x, y, z + frame * 6] }],
      FrameVOILUTSequence: [{ WindowCenter: 450, WindowWidth: 900 }],
    })),
    ...pixelModule(geometry),
    PixelData: [pixels.buffer],
    ...changes,
  }
}

/** Written and read back: an instance as the program meets it. */
export function instanceOf (dataset: Dataset): Instance {
  return readInstance(encodePart10(dataset))
}

/** A series of classic images. */
export function mrSlices (count: number, changes: Dataset = {}, geometry = axial): Slice[] {
  return Array.from({ length: count }, (_, index) => instanceOf(mrDataset(index, changes, geometry))).flatMap(slicesOf)
}
