import type { Slice } from '../dicom/slice.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import type { StoredPixels } from '../imaging/stored-pixels.ts'

/**
 * A decoder that knows the last frames: a slice that is classified, then drawn, is decoded once.
 * @param most frames that are kept in memory
 */
export function recentFrames (decoder: Pick<Decoder, 'decodeSlice'>, most = 12): Pick<Decoder, 'decodeSlice'> {
  const recent = new Map<Slice, Promise<StoredPixels>>()
  return {
    decodeSlice: async slice => {
      const known = recent.get(slice)
      if (known !== undefined) return await known
      const decoding = decoder.decodeSlice(slice)
      recent.set(slice, decoding)
      const oldest = recent.keys().next()
      if (recent.size > most && oldest.done !== true) recent.delete(oldest.value)
      return await decoding
    },
  }
}
