/** One slice of several sizes in every transfer syntax that tuberlens reads, as files. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { NativeCodecs, Context } from 'dcmjs-codecs'
import { mrImage, stored } from '../../fixtures/make/mr-image.ts'
import { drawSlice } from '../../fixtures/make/phantom/slice.ts'
import { flair } from '../../fixtures/make/protocols.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { transferSyntaxes } from '../../src/dicom/transfer-syntaxes.ts'
import type { TransferSyntax } from '../../src/dicom/transfer-syntaxes.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { runPython } from './python.ts'

export interface EncodedSlice {
  readonly path: string
  readonly syntax: TransferSyntax
  /** Rows and columns. */
  readonly size: number
}

type Encoder = 'encodeRle' | 'encodeJpeg' | 'encodeJpegLs' | 'encodeJpeg2000' | 'encodeHtJpeg2000'
type Encoding = readonly [encoder: Encoder, parameters: Record<string, unknown>, eightBits?: true]

const base = '1.2.840.10008.1.2'
const rpcl = 2
const encodings: Readonly<Record<string, Encoding>> = {
  [`${base}.5`]: ['encodeRle', {}],
  [`${base}.4.50`]: ['encodeJpeg', { lossy: true, quality: 90 }, true],
  [`${base}.4.57`]: ['encodeJpeg', { lossy: false, predictor: 6 }],
  [`${base}.4.70`]: ['encodeJpeg', { lossy: false, predictor: 1 }],
  [`${base}.4.80`]: ['encodeJpegLs', { lossy: false }],
  [`${base}.4.81`]: ['encodeJpegLs', { lossy: true, allowedLossyError: 2 }],
  [`${base}.4.90`]: ['encodeJpeg2000', { lossy: false }],
  [`${base}.4.91`]: ['encodeJpeg2000', { lossy: true, rate: 6 }],
  [`${base}.4.201`]: ['encodeHtJpeg2000', { lossy: false }],
  [`${base}.4.202`]: ['encodeHtJpeg2000', { lossy: false, progressionOrder: rpcl }],
  [`${base}.4.203`]: ['encodeHtJpeg2000', { lossy: true, rate: 6 }],
}
/** Deflated and big endian, which our writer does not make. */
const byPydicom = [`${base}.1.99`, `${base}.2`]
/** JPEG with 12 bits, which dcmjs-codecs reads and does not make. */
const byDcmtk = `${base}.4.51`
/** The phantom is drawn at this size; larger slices are drawn slices beside each other. */
const drawn = 256

/**
 * Draws and encodes the slices into a folder. 12-bit JPEG is left out where dcmtk's dcmcjpeg is not installed.
 * @throws Error without the Python packages of the benchmarks
 */
export async function encodedSlices (folder: string, sizes: readonly number[]): Promise<EncodedSlice[]> {
  const codecs = createRequire(import.meta.url)('dcmjs-codecs') as { NativeCodecs: typeof NativeCodecs, Context: typeof Context }
  await codecs.NativeCodecs.initializeAsync()
  const tiles = [0, 12, 24, 36].map((z, seed) => stored(drawSlice(
    { size: drawn, pixelSpacing: 0.83, thickness: 5, z }, ['FLAIR'], { noise: 12, seed, tubers: true })[0]!))
  mkdirSync(folder, { recursive: true })
  const slices: EncodedSlice[] = []
  const toConvert: { from: string, to: string, uid: string }[] = []
  for (const size of sizes) {
    const values = mosaic(tiles, size)
    for (const syntax of transferSyntaxes) {
      const path = join(folder, `${size}-${syntax.uid.slice(base.length).replaceAll('.', '_')}.dcm`)
      // written before, as the table of transfer syntaxes has it second
      const explicit = join(folder, `${size}-_1.dcm`)
      if (syntax.uid === byDcmtk) {
        if (spawnSync('dcmcjpeg', ['+ee', explicit, path]).status === 0) slices.push({ path, syntax, size })
        continue
      }
      slices.push({ path, syntax, size })
      if (byPydicom.includes(syntax.uid)) {
        toConvert.push({ from: explicit, to: path, uid: syntax.uid })
        continue
      }
      const encoding = encodings[syntax.uid]
      const bits = encoding?.[2] === true ? 8 : 16
      const cells = bits === 8 ? Uint8Array.from(values, value => value >> 4) : values
      const bytes = new Uint8Array(cells.buffer)
      const frame = encoding === undefined ? bytes : encode(bytes, size, bits, encoding)
      const dataset: Dataset = {
        ...mrImage({ ...flair, size }, 1, 0),
        ...bits === 8 ? { BitsAllocated: 8, BitsStored: 8, HighBit: 7, WindowCenter: 40, WindowWidth: 80 } : {},
        PixelData: syntax.encapsulated ? [even(frame)] : even(frame),
      }
      writeFileSync(path, encodePart10(dataset, { transferSyntaxUid: syntax.uid }))
    }
  }
  runPython('other_forms.py', [], toConvert)
  return slices

  function encode (bytes: Uint8Array, size: number, bits: 8 | 16, [encoder, parameters]: Encoding): Uint8Array {
    const context = new codecs.Context({
      width: size,
      height: size,
      bitsAllocated: bits,
      bitsStored: bits === 8 ? 8 : 12,
      samplesPerPixel: 1,
      pixelRepresentation: 0,
      planarConfiguration: 0,
      photometricInterpretation: 'MONOCHROME2',
      decodedBuffer: bytes,
    })
    const encoded = codecs.NativeCodecs[encoder](context, parameters).getEncodedBuffer()
    if (encoded === undefined) throw new Error(`${encoder} delivered nothing`)
    return encoded
  }
}

/** Drawn slices beside and below each other, in turn. */
function mosaic (tiles: readonly Uint16Array[], size: number): Uint16Array {
  const values = new Uint16Array(size * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x += drawn) {
      const tile = tiles[(Math.floor(y / drawn) + x / drawn) % tiles.length]!
      values.set(tile.subarray(y % drawn * drawn, (y % drawn + 1) * drawn), y * size + x)
    }
  }
  return values
}

function even (bytes: Uint8Array): ArrayBuffer {
  const padded = new Uint8Array(bytes.length + bytes.length % 2)
  padded.set(bytes)
  return padded.buffer
}
