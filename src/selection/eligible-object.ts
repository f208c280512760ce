import type { Instance } from '../dicom/instance.ts'
import type { Slice } from '../dicom/slice.ts'
import { sopClass } from '../dicom/sop-classes.ts'
import { bodyPartRejection } from './body-part.ts'
import type { SelectionCriteria } from './criteria.ts'
import { evidence } from './evidence.ts'
import { imageTypeRejection } from './image-type.ts'
import { isOwnResult } from './own-result.ts'
import type { Rejection } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'

/** Why an instance cannot hold a slice to analyse: modality, SOP class, no pixel data, or our own result. */
export function instanceRejection (instance: Instance, criteria: SelectionCriteria): Rejection | undefined {
  const { attributes, sopClassUid, frameCount } = instance
  if (isOwnResult(attributes, criteria.own)) {
    return rejection('own-result', 'a result of this program is never analysed',
      evidence('ContributingEquipmentSequence', 'tuberlens', 'made by this program'))
  }
  const modality = attributes.string('Modality')
  if (modality !== 'MR') {
    return rejection('not-mr', modality === undefined ? 'Modality is missing' : `Modality is ${modality}, not MR`,
      evidence('Modality', modality ?? 'absent', 'must be MR'))
  }
  if (sopClass(sopClassUid)?.mr === undefined) {
    return rejection('sop-class', 'not an MR image', evidence('SOPClassUID', sopClassUid, 'must be MR, Enhanced MR or Legacy Converted Enhanced MR'))
  }
  if (frameCount === 0) return rejection('no-pixel-data', 'there is no pixel data', evidence('PixelData', 'absent', 'must be present'))
  return undefined
}

/** Why a frame is no plain MR slice of a head. */
export function eligibleObject (slice: Slice, criteria: SelectionCriteria): Rejection | undefined {
  return instanceRejection(slice.source, criteria) ??
    pixelRejection(slice) ??
    imageTypeRejection(slice.imageType, criteria.acceptReformats) ??
    mosaicRejection(slice) ??
    complexComponentRejection(slice) ??
    bodyPartRejection(slice.source.attributes)
}

function pixelRejection ({ pixel }: Slice): Rejection | undefined {
  const { photometricInterpretation, bitsStored, bitsAllocated } = pixel
  if (!['MONOCHROME1', 'MONOCHROME2'].includes(photometricInterpretation)) {
    return rejection('photometric-interpretation', `PhotometricInterpretation ${photometricInterpretation} is not monochrome`,
      evidence('PhotometricInterpretation', photometricInterpretation, 'must be MONOCHROME1 or MONOCHROME2'))
  }
  if (bitsStored < 8 || bitsStored > 16 || bitsAllocated > 16) {
    return rejection('bit-depth', `${bitsStored} of ${bitsAllocated} bits is not 8 to 16`,
      evidence('BitsStored', bitsStored, 'must be 8 to 16, in no more than 16 allocated'))
  }
  return undefined
}

/** NumberOfImagesInMosaic (0019,xx0A) of SIEMENS MR HEADER: many slices in one picture. */
function mosaicRejection ({ source: { attributes } }: Slice): Rejection | undefined {
  const creator = attributes.string('00190010')
  const count = creator?.toUpperCase().startsWith('SIEMENS MR HEADER') === true ? attributes.number('0019100a') : undefined
  if (count === undefined || count <= 1) return undefined
  return rejection('mosaic', `a mosaic of ${count} slices`, evidence('0019100a', count, 'NumberOfImagesInMosaic: a mosaic is not a slice'))
}

/** ComplexImageComponent (0008,9208), PS3.3 C.8.13.3.1.2. */
function complexComponentRejection ({ attributes }: Slice): Rejection | undefined {
  const component = attributes.string('ComplexImageComponent')
  if (component !== 'PHASE') return undefined
  return rejection('phase-map', 'a phase image', evidence('ComplexImageComponent', component, 'must not be PHASE'))
}
