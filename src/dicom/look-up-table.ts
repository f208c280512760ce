import type { Attributes } from './attributes.ts'
import type { LookUpTable } from './slice.ts'

/**
 * A LUT from an item of Modality LUT Sequence or VOI LUT Sequence (PS3.3 C.11.1.1, C.11.2.1.1); `undefined` when its
 * descriptor or data break the definition.
 */
export function lookUpTable (item: Attributes): LookUpTable | undefined {
  const [count, first, bits] = item.numbers('LUTDescriptor')
  if (count === undefined || first === undefined || bits === undefined || bits < 8 || bits > 16) return undefined
  // 0 stands for 65,536, and a descriptor of VR SS shows 65,535 as -1
  const length = (count & 0xffff) || 0x10000
  const words = item.numbers('LUTData')
  if (words.length >= length) return { first, bits, entries: Uint16Array.from(words.slice(0, length), word => word & 0xffff) }
  // 8-bit entries may lie two in a word, the first one in the low byte
  if (bits === 8 && words.length * 2 >= length) {
    return { first, bits, entries: Uint16Array.from(words.flatMap(word => [word & 0xff, (word >>> 8) & 0xff]).slice(0, length)) }
  }
  return undefined
}
