import { AppError } from '../errors.ts'
import type { Decoder, JpegEncoder } from '../imaging/decoder-pool.ts'

/** The same decoder, which tells of every frame that it could not decode. */
export function countingDecoder (
  decoder: Decoder & JpegEncoder, onFailure: (transferSyntaxUid: string, code: string) => void,
): Decoder & JpegEncoder {
  const counted = async <T>(transferSyntaxUid: string, decoding: Promise<T>): Promise<T> => {
    try {
      return await decoding
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code !== 'interrupted') onFailure(transferSyntaxUid, thrown.code)
      throw thrown
    }
  }
  return {
    decode: async (encoded, pixel, syntax) => await counted(syntax, decoder.decode(encoded, pixel, syntax)),
    decodeSlice: async slice => await counted(slice.source.transferSyntaxUid, decoder.decodeSlice(slice)),
    encodeJpeg: async (image, quality) => await decoder.encodeJpeg(image, quality),
    close: async () => { await decoder.close() },
  }
}
