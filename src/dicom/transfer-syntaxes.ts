/** Which decoder a codestream needs. */
export type Codec = 'native' | 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k'

/** One transfer syntax that tuberlens reads (PS3.5 A, PS3.6 A). */
export interface TransferSyntax {
  readonly uid: string
  readonly name: string
  readonly explicit: boolean
  readonly littleEndian: boolean
  readonly deflated: boolean
  /** Frames are codestreams in fragments, not plain samples. */
  readonly encapsulated: boolean
  readonly codec: Codec
  /** Whether the encoding itself may change pixel values. */
  readonly lossy: boolean
}

type Row = readonly [uid: string, name: string, codec: Codec, lossy: boolean]

const native = (uid: string, name: string, other: Partial<TransferSyntax> = {}): TransferSyntax => ({
  uid, name, explicit: true, littleEndian: true, deflated: false, encapsulated: false, codec: 'native', lossy: false, ...other,
})
const encapsulated = ([uid, name, codec, lossy]: Row): TransferSyntax =>
  ({ ...native(uid, name), encapsulated: true, codec, lossy })

/** The table of support; whatever is not in it is refused as `transfer-syntax-unsupported` when pixels are asked for. */
export const transferSyntaxes: readonly TransferSyntax[] = [
  native('1.2.840.10008.1.2', 'Implicit VR Little Endian', { explicit: false }),
  native('1.2.840.10008.1.2.1', 'Explicit VR Little Endian'),
  native('1.2.840.10008.1.2.1.99', 'Deflated Explicit VR Little Endian', { deflated: true }),
  native('1.2.840.10008.1.2.2', 'Explicit VR Big Endian', { littleEndian: false }),
  ...([
    ['1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian', 'native', false],
    ['1.2.840.10008.1.2.5', 'RLE Lossless', 'rle', false],
    ['1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)', 'jpeg', true],
    ['1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 and 4)', 'jpeg', true],
    ['1.2.840.10008.1.2.4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', 'jpeg-lossless', false],
    ['1.2.840.10008.1.2.4.70', 'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14, Selection Value 1)', 'jpeg-lossless', false],
    ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless Image Compression', 'jpeg-ls', false],
    ['1.2.840.10008.1.2.4.81', 'JPEG-LS Lossy (Near-Lossless) Image Compression', 'jpeg-ls', true],
    ['1.2.840.10008.1.2.4.90', 'JPEG 2000 Image Compression (Lossless Only)', 'jpeg-2000', false],
    ['1.2.840.10008.1.2.4.91', 'JPEG 2000 Image Compression', 'jpeg-2000', true],
    ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Image Compression (Lossless Only)', 'htj2k', false],
    ['1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)', 'htj2k', false],
    ['1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000 Image Compression', 'htj2k', true],
  ] as const).map(encapsulated),
]

const byUid = new Map(transferSyntaxes.map(syntax => [syntax.uid, syntax]))

/** The entry of a UID, or `undefined` where pixels cannot be decoded. */
export function transferSyntax (uid: string): TransferSyntax | undefined {
  return byUid.get(uid)
}
