import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { carryMask, flairBrainMask } from './brain-mask.ts'
import { canvasPixel, canvasSize } from './canvas-grid.ts'
import { placementOf } from './canvas-placement.ts'
import { entriesOf } from './folder.ts'
import { readNiftiFile } from './nifti.ts'
import type { Plane } from './plane.ts'
import { quantile } from './plane.ts'
import type { SliceContrast } from './slice-picture.ts'
import type { AxialVolume } from './volume.ts'
import { toAxial } from './volume.ts'

/** A real tuber-free slice, and where on it a tuber may be drawn. */
export interface CanvasSlice {
  /** position in the series, 0 lowest */
  readonly index: number
  /** 1 is the 99.5th percentile of the series' brain */
  readonly picture: Plane
  readonly brain: Uint8Array
  /** cortex and the white matter beneath it */
  readonly places: Uint8Array
  /** deep and periventricular white matter, for lesions that are not tubers */
  readonly deep: Uint8Array
  /** how much of a pixel is brain tissue, 0..255 */
  readonly tissue: Uint8Array
  /** enough cerebrum for tubers */
  readonly cerebral: boolean
}

/** The slices of one real series. */
export interface CanvasSeries {
  readonly patient: string
  readonly name: string
  readonly contrast: SliceContrast
  readonly slices: readonly CanvasSlice[]
}

const fileName = /^(.+)_(FLAIR|T2W)\.nii(\.gz)?$/

/**
 * Reads a folder of patients, each a folder of `<study>_FLAIR.nii.gz` and `<study>_T2W.nii.gz`. A T2 volume without the FLAIR
 * of its study is left out, because the brain mask comes from there.
 * @throws AppError `training-data-invalid` where there is no patient's folder
 */
export async function readCanvases (folder: string, wanted?: (patient: string) => boolean): Promise<CanvasSeries[]> {
  const out: CanvasSeries[] = []
  const patients = (await entriesOf(folder, 'canvases')).filter(entry => entry.isDirectory()).map(entry => entry.name)
  if (patients.length === 0) throw new AppError('training-data-invalid', 'the folder of canvases holds no folder of a patient')
  for (const patient of patients) {
    if (wanted !== undefined && !wanted(patient)) continue
    const names = (await entriesOf(join(folder, patient), 'canvases')).map(entry => entry.name)
    for (const name of names) {
      const [, study, kind, zipped = ''] = fileName.exec(name) ?? []
      if (study === undefined || kind !== 'FLAIR') continue
      const flair = toAxial(await readNiftiFile(join(folder, patient, name)))
      const mask = flairBrainMask(flair)
      out.push(toCanvases(patient, `${study}_FLAIR`, 'FLAIR', flair, mask))
      const t2Name = `${study}_T2W.nii${zipped}`
      if (!names.includes(t2Name)) continue
      const t2 = toAxial(await readNiftiFile(join(folder, patient, t2Name)))
      out.push(toCanvases(patient, `${study}_T2W`, 'T2', t2, carryMask(mask, flair, t2)))
    }
  }
  return out
}

const empty = new Uint8Array(canvasSize * canvasSize)
const nowhere = { places: empty, deep: empty, tissue: empty }

/** Cuts a volume and its brain mask into canvases. */
export function toCanvases (
  patient: string, name: string, contrast: SliceContrast, volume: AxialVolume, mask: Uint8Array,
): CanvasSeries {
  const [nx, ny, nz] = volume.size
  const plane = nx * ny
  const inside: number[] = []
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) inside.push(volume.data[i]!)
  const full = quantile(Float32Array.from(inside), 0.995)
  const areas = Array.from({ length: nz }, (_, z) => {
    let count = 0
    for (let i = z * plane; i < (z + 1) * plane; i++) count += mask[i]!
    return count * volume.spacing[0] * volume.spacing[1]
  })
  const largest = areas.indexOf(Math.max(...areas))
  const slices = areas.map((area, z): CanvasSlice => {
    const picture = resample(volume, z, volume.data, 1 / full, 3)
    const brain = Uint8Array.from(resample(volume, z, mask, 1, 1), value => value > 0.5 ? 1 : 0)
    // from 30 mm below the largest section upwards: above the skull base
    const cerebral = z >= largest - 30 / volume.spacing[2] && area > 0.5 * areas[largest]! && area > 5000
    return { index: z, picture, brain, ...cerebral ? placementOf(picture, brain, contrast) : nowhere, cerebral }
  })
  return { patient, name, contrast, slices }
}

/** One slice on the canvas grid, centred, bilinear; outside the slice 0. */
function resample (volume: AxialVolume, z: number, data: Float32Array | Uint8Array, gain: number, most: number): Plane {
  const [nx, ny] = volume.size
  const [dx, dy] = volume.spacing
  const start = z * nx * ny
  const out = new Float32Array(canvasSize * canvasSize)
  for (let row = 0, i = 0; row < canvasSize; row++) {
    const y = (row - (canvasSize - 1) / 2) * canvasPixel / dy + (ny - 1) / 2
    const y0 = Math.floor(y)
    for (let column = 0; column < canvasSize; column++, i++) {
      const x = (column - (canvasSize - 1) / 2) * canvasPixel / dx + (nx - 1) / 2
      const x0 = Math.floor(x)
      if (x0 < 0 || y0 < 0 || x0 + 1 >= nx || y0 + 1 >= ny) continue
      const at = start + y0 * nx + x0
      const u = x - x0
      const v = y - y0
      const value = (data[at]! * (1 - u) + data[at + 1]! * u) * (1 - v) + (data[at + nx]! * (1 - u) + data[at + nx + 1]! * u) * v
      out[i] = Math.min(most, Math.max(0, value * gain))
    }
  }
  return out
}
