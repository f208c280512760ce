/** What a SOP class is to tuberlens. */
export interface SopClass {
  readonly uid: string
  readonly name: string
  /** Objects that carry pixel data. */
  readonly image: boolean
  /** MR images whose frames can be analysed, and how they hold their attributes. */
  readonly mr?: 'classic' | 'enhanced' | 'legacy-converted'
}

type Row = readonly [uid: string, name: string, mr?: SopClass['mr']]
const storage = '1.2.840.10008.5.1.4.1.1.'

const images: readonly Row[] = [
  ['4', 'MR Image Storage', 'classic'],
  ['4.1', 'Enhanced MR Image Storage', 'enhanced'],
  ['4.4', 'Legacy Converted Enhanced MR Image Storage', 'legacy-converted'],
  ['4.3', 'Enhanced MR Color Image Storage'],
  ['1', 'Computed Radiography Image Storage'],
  ['1.1', 'Digital X-Ray Image Storage - For Presentation'],
  ['1.1.1', 'Digital X-Ray Image Storage - For Processing'],
  ['1.2', 'Digital Mammography X-Ray Image Storage - For Presentation'],
  ['2', 'CT Image Storage'],
  ['2.1', 'Enhanced CT Image Storage'],
  ['2.2', 'Legacy Converted Enhanced CT Image Storage'],
  ['3.1', 'Ultrasound Multi-frame Image Storage'],
  ['6.1', 'Ultrasound Image Storage'],
  ['7', 'Secondary Capture Image Storage'],
  ['7.1', 'Multi-frame Single Bit Secondary Capture Image Storage'],
  ['7.2', 'Multi-frame Grayscale Byte Secondary Capture Image Storage'],
  ['7.3', 'Multi-frame Grayscale Word Secondary Capture Image Storage'],
  ['7.4', 'Multi-frame True Color Secondary Capture Image Storage'],
  ['12.1', 'X-Ray Angiographic Image Storage'],
  ['12.2', 'X-Ray Radiofluoroscopic Image Storage'],
  ['20', 'Nuclear Medicine Image Storage'],
  ['66.4', 'Segmentation Storage'],
  ['128', 'Positron Emission Tomography Image Storage'],
  ['130', 'Enhanced PET Image Storage'],
  ['128.1', 'Legacy Converted Enhanced PET Image Storage'],
]

const others: readonly Row[] = [
  ['4.2', 'MR Spectroscopy Storage'],
  ['11.1', 'Grayscale Softcopy Presentation State Storage'],
  ['30', 'Parametric Map Storage'],
  ['66', 'Raw Data Storage'],
  ['88.11', 'Basic Text SR Storage'],
  ['88.22', 'Enhanced SR Storage'],
  ['88.33', 'Comprehensive SR Storage'],
  ['88.34', 'Comprehensive 3D SR Storage'],
  ['88.59', 'Key Object Selection Document Storage'],
  ['104.1', 'Encapsulated PDF Storage'],
]

const entry = (image: boolean) => ([suffix, name, mr]: Row): SopClass =>
  ({ uid: storage + suffix, name, image, ...(mr === undefined ? {} : { mr }) })

/** SOP classes that tuberlens analyses, writes, or is likely to be sent (PS3.6 A); others are kept by UID alone. */
export const sopClasses: readonly SopClass[] = [...images.map(entry(true)), ...others.map(entry(false))]

const byUid = new Map(sopClasses.map(sopClass => [sopClass.uid, sopClass]))

/** The entry of a SOP Class UID, if listed. */
export function sopClass (uid: string): SopClass | undefined {
  return byUid.get(uid)
}

/** The UID of a class by its number after 1.2.840.10008.5.1.4.1.1, such as `88.34`. */
export function storageUid (suffix: string): string {
  return storage + suffix
}
