import type { Attributes } from '../dicom/attributes.ts'
import type { SelectionCriteria } from './criteria.ts'

/**
 * Whether an object was made by this program, so that it is never analysed: ContributingEquipmentSequence (PS3.3 C.12.1)
 * names one of our devices by DeviceUID, or our model name.
 */
export function isOwnResult (attributes: Attributes, own: SelectionCriteria['own']): boolean {
  const names = own.modelNames.map(name => name.toLowerCase())
  return attributes.items('ContributingEquipmentSequence').some(item => {
    const device = item.string('DeviceUID')
    const model = item.string('ManufacturerModelName')
    return (device !== undefined && own.deviceUids.includes(device)) ||
      (model !== undefined && names.includes(model.toLowerCase()))
  })
}
