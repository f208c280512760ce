import type { Dataset } from '../../src/dicom/dataset.ts'

/** A small classic MR image, 2 rows of 3 columns, that every test may change. */
export function mrDataset (changes: Dataset = {}): Dataset {
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
    SOPInstanceUID: '1.2.3.4',
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: '1.2.3.1',
    Modality: 'MR',
    ImageType: ['ORIGINAL', 'PRIMARY', 'M'],
    PatientName: { Alphabetic: 'Doe^Jane' },
    PatientID: 'P1',
    StudyDate: null,
    SeriesNumber: 3,
    InstanceNumber: 7,
    RepetitionTime: 9000,
    EchoTime: 100,
    ImagePositionPatient: [-120.5, -110, 30],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    PixelSpacing: [0.9, 0.8],
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: 2,
    Columns: 3,
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    PixelData: Uint16Array.of(0, 1, 2, 3, 4, 4095).buffer,
    ...changes,
  }
}
