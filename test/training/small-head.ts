import type { AxialVolume } from '../../src/training/volume.ts'

/** The side of the head's cube, in voxels of 1 mm. */
export const headSide = 112

const middle = (headSide - 1) / 2

/** FreeSurfer's number at a distance from the middle, mm: ventricle, white matter, cortex, fluid, bone, skin. */
function labelAt (radius: number, z: number): number {
  if (radius < 8) return 4
  if (radius < 34) return 2
  if (radius < 40) return z > 0 ? 3 : 42
  if (radius < 43) return 24
  if (radius < 47) return 515
  return radius < 51 ? 511 : 0
}

/** A head of spheres as a label map, axes already left-posterior-superior. */
export function smallHead (): AxialVolume {
  return volumeOf((x, y, z) => labelAt(Math.hypot(x, y, z), z))
}

/** The same head as a FLAIR volume: brain 100 and 130, fluid dark, bone black, scalp bright; slices of 4 mm. */
export function smallFlair (shift = 0): AxialVolume {
  const signal: Readonly<Record<number, number>> = { 0: 2, 4: 20, 2: 100, 3: 130, 42: 130, 24: 20, 515: 4, 511: 260 }
  const fine = volumeOf((x, y, z) => signal[labelAt(Math.hypot(x - shift, y, z), z)]! + 3 * Math.sin(x * 12.9 + y * 78.2 + z * 37.7))
  const step = 4
  const slices = headSide / step
  const plane = headSide * headSide
  const data = new Float32Array(plane * slices)
  for (let z = 0; z < slices; z++) data.set(fine.data.subarray(z * step * plane, (z * step + 1) * plane), z * plane)
  return { size: [headSide, headSide, slices], spacing: [1, 1, step], affine: [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, step, 0], data }
}

/** Whether a voxel of `smallFlair` is brain. */
export function isFlairBrain (x: number, y: number, z: number, shift = 0): boolean {
  return Math.hypot(x - middle - shift, y - middle, 4 * z - middle) < 40
}

function volumeOf (value: (x: number, y: number, z: number) => number): AxialVolume {
  const data = new Float32Array(headSide ** 3)
  for (let z = 0, i = 0; z < headSide; z++) {
    for (let y = 0; y < headSide; y++) {
      for (let x = 0; x < headSide; x++, i++) data[i] = value(x - middle, y - middle, z - middle)
    }
  }
  return { size: [headSide, headSide, headSide], spacing: [1, 1, 1], affine: [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0], data }
}

/** A NIfTI-1 file of 16-bit integers, after nifti1.h, sform only. */
export function niftiBytes (volume: AxialVolume): Uint8Array {
  const bytes = Buffer.alloc(352 + 2 * volume.data.length)
  bytes.writeInt32LE(348, 0)
  ;[3, ...volume.size, 1].forEach((value, i) => bytes.writeInt16LE(value, 40 + 2 * i))
  bytes.writeInt16LE(4, 70)
  bytes.writeInt16LE(16, 72)
  ;[1, ...volume.spacing].forEach((value, i) => bytes.writeFloatLE(value, 76 + 4 * i))
  bytes.writeFloatLE(352, 108)
  bytes.writeFloatLE(1, 112)
  bytes.writeInt16LE(1, 254)
  volume.affine.forEach((value, i) => bytes.writeFloatLE(value, 280 + 4 * i))
  bytes.write('n+1\0', 344, 'latin1')
  volume.data.forEach((value, i) => bytes.writeInt16LE(Math.round(value), 352 + 2 * i))
  return bytes
}
