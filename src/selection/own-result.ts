import type { Attributes } from '../dicom/attributes.ts'
import type { SelectionCriteria } from './criteria.ts'

/**
 * Whether an object was made by this program, here or elsewhere, so that it is never analysed: it or an item of its
 * ContributingEquipmentSequence (PS3.3 C.12.1) names a device by DeviceUID, and us as the manufacturer beside it. The model's
 * name and the device change with the model; the maker does not.
 */
export function isOwnResult (attributes: Attributes, own: SelectionCriteria['own']): boolean {
  return [attributes, ...attributes.items('ContributingEquipmentSequence')].some(equipment => {
    const maker = equipment.string('Manufacturer')
    return equipment.has('DeviceUID') && maker !== undefined && own.manufacturers.includes(maker)
  })
}
