import type { Attributes } from './attributes.ts'
import { tagText } from './dictionary.ts'

/** One private element that the program reads: the creator reserves a block, the element is the low byte (PS3.5 7.8). */
export interface PrivateAttribute {
  readonly creator: string
  readonly group: number
  readonly element: number
  readonly vr: string
  /** Whose scanners write it. */
  readonly manufacturer: RegExp
}

const ge = /^GE\b/i
const philips = /^philips/i
const siemens = /^siemens/i
const uih = /^(uih|united imaging)/i

/**
 * Private elements that decide whether an image is diffusion-weighted or a mosaic, and the sequences of enhanced Philips
 * images that hold classic attributes. Sources: the vendors' conformance statements.
 */
export const privateAttributes = {
  siemensImagesInMosaic: { creator: 'SIEMENS MR HEADER', group: 0x0019, element: 0x0a, vr: 'US', manufacturer: siemens },
  siemensBValue: { creator: 'SIEMENS MR HEADER', group: 0x0019, element: 0x0c, vr: 'IS', manufacturer: siemens },
  siemensDirectionality: { creator: 'SIEMENS MR HEADER', group: 0x0019, element: 0x0d, vr: 'CS', manufacturer: siemens },
  geBValue: { creator: 'GEMS_PARM_01', group: 0x0043, element: 0x39, vr: 'IS', manufacturer: ge },
  uihBValue: { creator: 'Image Private Header', group: 0x0065, element: 0x09, vr: 'FD', manufacturer: uih },
  philipsBValue: { creator: 'Philips Imaging DD 001', group: 0x2001, element: 0x03, vr: 'FL', manufacturer: philips },
  philipsSharedImage: { creator: 'Philips MR Imaging DD 005', group: 0x2005, element: 0x0e, vr: 'SQ', manufacturer: philips },
  philipsFrameImage: { creator: 'Philips MR Imaging DD 005', group: 0x2005, element: 0x0f, vr: 'SQ', manufacturer: philips },
} satisfies Record<string, PrivateAttribute>

const table: readonly PrivateAttribute[] = Object.values(privateAttributes)
/** The block that scanners reserve first; where de-identification took the creator away, it is the one to try. */
const firstBlock = 0x10

/**
 * The VR of a private element whose encoding does not tell it, by its block's creator.
 * @param creatorAt the text of the private creator element with that tag
 */
export function privateVr (tag: number, creatorAt: (tag: number) => string | undefined): string | undefined {
  const group = tag >>> 16
  const block = (tag & 0xffff) >>> 8
  if (group % 2 === 0 || block < firstBlock) return undefined
  const candidates = table.filter(known => known.group === group && known.element === (tag & 0xff))
  if (candidates.length === 0) return undefined
  const creator = creatorAt(group * 0x10000 + block)
  return candidates.find(known => creator === undefined ? block === firstBlock : isCreator(known, creator))?.vr
}

/**
 * The name, eight hexadecimal digits, under which a private attribute lies here; `undefined` when it is absent. Without
 * any creator in its group it is looked for in the first block, if the manufacturer is the right one.
 */
export function privateName (attributes: Attributes, wanted: PrivateAttribute): string | undefined {
  const creators = creatorTags(attributes, wanted.group).filter(tag => attributes.string(tagText(tag)) !== undefined)
  for (const creatorTag of creators) {
    const name = nameIn(wanted, creatorTag & 0xff)
    if (isCreator(wanted, attributes.string(tagText(creatorTag)) ?? '') && attributes.has(name)) return name
  }
  const orphan = nameIn(wanted, firstBlock)
  const isOrphan = creators.length === 0 && wanted.manufacturer.test(attributes.string('Manufacturer') ?? '') && attributes.has(orphan)
  return isOrphan ? orphan : undefined
}

function nameIn (wanted: PrivateAttribute, block: number): string {
  return tagText(wanted.group * 0x10000 + block * 0x100 + wanted.element)
}

/** Philips has written its creators in either case. */
function isCreator (known: PrivateAttribute, creator: string): boolean {
  return known.creator.toUpperCase() === creator.toUpperCase()
}

/** Blocks are nearly always the first few; those that cannot be listed are tried up to there. */
function creatorTags (attributes: Attributes, group: number): readonly number[] {
  if (attributes.tags === undefined) return Array.from({ length: 16 }, (_, i) => group * 0x10000 + firstBlock + i)
  return attributes.tags.filter(tag => tag >>> 16 === group && (tag & 0xffff) >= firstBlock && (tag & 0xffff) <= 0xff)
}
