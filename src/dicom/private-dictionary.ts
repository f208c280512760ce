import type { Attributes } from './attributes.ts'
import { tagText } from './dictionary.ts'

/** One private element that the program reads: the creator reserves a block, the element is the low byte (PS3.5 7.8). */
export interface PrivateAttribute { readonly creator: string, readonly group: number, readonly element: number, readonly vr: string }

/**
 * Private elements that decide whether an image is diffusion-weighted or a mosaic. Sources: the vendors' conformance
 * statements.
 */
export const privateAttributes = {
  siemensBValue: { creator: 'SIEMENS MR HEADER', group: 0x0019, element: 0x0c, vr: 'IS' },
  siemensDirectionality: { creator: 'SIEMENS MR HEADER', group: 0x0019, element: 0x0d, vr: 'CS' },
  siemensImagesInMosaic: { creator: 'SIEMENS MR HEADER', group: 0x0019, element: 0x0a, vr: 'US' },
  geSlopeInteger: { creator: 'GEMS_PARM_01', group: 0x0043, element: 0x39, vr: 'IS' },
  philipsBValue: { creator: 'Philips Imaging DD 001', group: 0x2001, element: 0x03, vr: 'FL' },
  philipsDirection: { creator: 'Philips Imaging DD 001', group: 0x2001, element: 0x04, vr: 'CS' },
  uihBValue: { creator: 'Image Private Header', group: 0x0065, element: 0x09, vr: 'FD' },
  canonBValue: { creator: 'TOSHIBA_MEC_MR3', group: 0x700d, element: 0x00, vr: 'DS' },
} satisfies Record<string, PrivateAttribute>

const table: readonly PrivateAttribute[] = Object.values(privateAttributes)

/**
 * The VR of a private element whose encoding does not tell it, by its block's creator.
 * @param creatorAt the text of the private creator element with that tag
 */
export function privateVr (tag: number, creatorAt: (tag: number) => string | undefined): string | undefined {
  const group = tag >>> 16
  const element = tag & 0xffff
  if (group % 2 === 0 || element < 0x1000) return undefined
  const creator = creatorAt(group * 0x10000 + (element >>> 8))
  return table.find(known => known.group === group && known.element === (element & 0xff) && known.creator === creator)?.vr
}

/** The name, eight hexadecimal digits, under which a private attribute lies here; `undefined` when its creator reserved nothing. */
export function privateName (attributes: Attributes, wanted: PrivateAttribute): string | undefined {
  for (const creatorTag of creatorTags(attributes, wanted.group)) {
    if (attributes.string(tagText(creatorTag)) !== wanted.creator) continue
    const name = tagText(wanted.group * 0x10000 + (creatorTag & 0xff) * 0x100 + wanted.element)
    if (attributes.has(name)) return name
  }
  return undefined
}

/** Blocks are nearly always the first few; those that cannot be listed are tried up to there. */
function creatorTags (attributes: Attributes, group: number): readonly number[] {
  if (attributes.tags === undefined) return Array.from({ length: 16 }, (_, i) => group * 0x10000 + 0x10 + i)
  return attributes.tags.filter(tag => tag >>> 16 === group && (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff)
}
