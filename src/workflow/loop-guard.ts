import type { IgnoreReason } from '../archive/archive.ts'
import type { Instance } from '../dicom/instance.ts'
import { sopClass } from '../dicom/sop-classes.ts'
import { isOwnResult } from '../selection/own-result.ts'

/** Who we are in ContributingEquipmentSequence; the model's name there changes with the model. */
export interface OwnIdentity { readonly manufacturer: string }

/**
 * The cheap rule at the door: what is accepted and not kept, because no analysis can come of it. Contrast and orientation are
 * judged later, for the whole series. SOP Instance UIDs of our own results are known to the archive, which ignores them by itself.
 */
export function receiveRule (own: OwnIdentity): (instance: Instance) => IgnoreReason | undefined {
  return instance => {
    if (isOwnResult(instance.attributes, { manufacturers: [own.manufacturer] })) return 'own-result'
    const known = sopClass(instance.sopClassUid)
    if (known === undefined || !known.image) return 'not-an-image'
    const modality = instance.attributes.string('Modality')
    if (known.mr === undefined || (modality !== undefined && modality !== 'MR')) return 'not-mr'
    return instance.attributes.strings('ImageType').includes('LOCALIZER') ? 'localizer' : undefined
  }
}
