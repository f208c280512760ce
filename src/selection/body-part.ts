import type { Attributes } from '../dicom/attributes.ts'
import { freeTextEvidence } from './evidence.ts'
import type { Rejection } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'

/** Head terms of PS3.16 Annex L (BRAIN, HEAD, SKULL…) and what people type in their own languages, accents stripped. */
const head = new RegExp([
  'BRAIN', 'HEAD', 'SKULL', 'NEURO', 'CRANI', 'CEREB', 'ENCEPH', 'ENCEFAL', 'KOPF', 'SCHADEL', 'SCHAEDEL', 'HIRN', 'TETE', 'CRANE',
  'CABEZA', 'CRANEO', 'CABECA', 'TESTA', 'CERVELLO', 'HOOFD', 'HERSEN', 'HJERN', 'HODE', 'HUVUD', 'GLOWA', 'HLAVA', 'MOZ', 'KEFAL',
  'PITUIT', 'HYPOPHYS', 'SELLA', 'TEMPORAL', 'ORBIT', 'ГОЛОВ', 'МОЗГ', 'ΚΕΦΑΛ', 'ΕΓΚΕΦΑΛ', '頭', '脳', '头', '脑', '腦', '뇌', '두부',
].join('|'))
/** Values that name no part of the body. */
const unspoken = /^(UNKNOWN|UNDEFINED|UNSPECIFIED|NONE|NULL|OTHER|OT|NA|N\/A|MR|MRI|DEFAULT)$/

/** BodyPartExamined (0018,0015), where it names a part of the body, must be a head term. */
export function bodyPartRejection (attributes: Attributes): Rejection | undefined {
  const value = attributes.string('BodyPartExamined')
  if (value === undefined) return undefined
  const term = value.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase().trim()
  if (term === '' || unspoken.test(term) || head.test(term)) return undefined
  return rejection('body-part', 'BodyPartExamined is not the head',
    freeTextEvidence('BodyPartExamined', value, 'another part of the body than the head excludes'))
}
