import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { AppError, toAppError } from '../errors.ts'

/** A NIfTI-1 volume: the first axis runs fastest. */
export interface NiftiVolume {
  readonly size: readonly [number, number, number]
  /** millimetres */
  readonly spacing: readonly [number, number, number]
  /** 3×4, row by row: voxel indices → millimetres, right-anterior-superior (NIfTI-1 §"orientation") */
  readonly affine: readonly number[]
  readonly data: Float32Array
}

/** Bytes a volume may have after decompression: 512³ float. */
const maxBytes = 512 * 1024 * 1024 + 65536

/** Reads a NIfTI-1 file, plain or gzipped. @throws AppError `training-data-invalid`, `input-unreadable` */
export async function readNiftiFile (path: string): Promise<NiftiVolume> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (thrown) {
    throw toAppError(thrown, 'input-unreadable', 'a NIfTI file cannot be read')
  }
  return parseNifti(bytes)
}

/** Parses one NIfTI-1 volume (`n+1`, one file; nifti1.h of the NIfTI DFWG). @throws AppError `training-data-invalid` */
export function parseNifti (bytes: Uint8Array): NiftiVolume {
  const raw = isGzip(bytes) ? inflate(bytes) : bytes
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  if (raw.byteLength < 352) throw invalid('it is shorter than a NIfTI-1 header')
  const little = view.getInt32(0, true) === 348
  if (!little && view.getInt32(0, false) !== 348) throw invalid('it is not NIfTI-1 (sizeof_hdr is not 348)')
  if (!String.fromCharCode(...raw.subarray(344, 347)).startsWith('n+1')) throw invalid('its magic is not n+1')
  const dimensions = view.getInt16(40, little)
  const extent = [1, 2, 3, 4].map(axis => axis <= dimensions ? view.getInt16(40 + 2 * axis, little) : 1)
  const [nx, ny, nz, nt] = extent as [number, number, number, number]
  if (nx < 1 || ny < 1 || nz < 1 || nt > 1) throw invalid(`dim ${extent.join('×')} is not one volume`)
  const count = nx * ny * nz
  const offset = view.getFloat32(108, little)
  const read = reader(view, view.getInt16(70, little), little)
  if (!Number.isInteger(offset) || offset < 352 || offset + count * read.bytes > raw.byteLength) throw invalid('its voxels end early')
  // scl_slope 0 means "not scaled" (nifti1.h)
  const slope = view.getFloat32(112, little) || 1
  const intercept = view.getFloat32(112, little) === 0 ? 0 : view.getFloat32(116, little)
  const data = new Float32Array(count)
  for (let i = 0; i < count; i++) data[i] = read.at(offset + i * read.bytes) * slope + intercept
  const spacing = [1, 2, 3].map(axis => Math.abs(view.getFloat32(76 + 4 * axis, little))) as [number, number, number]
  return { size: [nx, ny, nz], spacing, affine: affineOf(view, little, spacing), data }
}

function isGzip (bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

function inflate (bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes })
  } catch (thrown) {
    throw toAppError(thrown, 'training-data-invalid', 'the NIfTI file cannot be decompressed')
  }
}

interface VoxelReader { readonly bytes: number, readonly at: (offset: number) => number }

function reader (view: DataView, datatype: number, little: boolean): VoxelReader {
  switch (datatype) {
    case 2: return { bytes: 1, at: offset => view.getUint8(offset) }
    case 4: return { bytes: 2, at: offset => view.getInt16(offset, little) }
    case 8: return { bytes: 4, at: offset => view.getInt32(offset, little) }
    case 16: return { bytes: 4, at: offset => view.getFloat32(offset, little) }
    case 64: return { bytes: 8, at: offset => view.getFloat64(offset, little) }
    case 256: return { bytes: 1, at: offset => view.getInt8(offset) }
    case 512: return { bytes: 2, at: offset => view.getUint16(offset, little) }
    case 768: return { bytes: 4, at: offset => view.getUint32(offset, little) }
    default: throw invalid(`datatype ${datatype} is not read`)
  }
}

/** sform where given, else qform, else the voxel sizes alone (nifti1.h, methods 3, 2 and 1). */
function affineOf (view: DataView, little: boolean, spacing: readonly [number, number, number]): number[] {
  const float = (offset: number): number => view.getFloat32(offset, little)
  if (view.getInt16(254, little) > 0) return Array.from({ length: 12 }, (_, i) => float(280 + 4 * i))
  const [dx, dy, dz] = spacing
  if (view.getInt16(252, little) <= 0) return [dx, 0, 0, 0, 0, dy, 0, 0, 0, 0, dz, 0]
  const b = float(256)
  const c = float(260)
  const d = float(264)
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d))
  // pixdim[0] is qfac, the handedness of the third axis; 0 counts as 1
  const z = dz * (float(76) < 0 ? -1 : 1)
  return [
    (a * a + b * b - c * c - d * d) * dx, 2 * (b * c - a * d) * dy, 2 * (b * d + a * c) * z, float(268),
    2 * (b * c + a * d) * dx, (a * a + c * c - b * b - d * d) * dy, 2 * (c * d - a * b) * z, float(272),
    2 * (b * d - a * c) * dx, 2 * (c * d + a * b) * dy, (a * a + d * d - b * b - c * c) * z, float(276),
  ]
}

function invalid (why: string): AppError {
  return new AppError('training-data-invalid', `the NIfTI file cannot be used: ${why}`)
}
