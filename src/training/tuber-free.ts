import { basename, dirname, extname, join } from 'node:path'
import { groupBySeries } from '../dicom/group-by-series.ts'
import type { Instance } from '../dicom/instance.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import { AppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { rasterize, rasterizeGray } from '../imaging/rasterize.ts'
import { selectSeries } from '../selection/select-series.ts'
import type { EvaluationSlice } from './evaluation-slice.ts'
import { entriesOf } from './folder.ts'
import { readNiftiFile } from './nifti.ts'
import { toAxial } from './volume.ts'

export interface TuberFreeOptions {
  readonly preprocessing: Preprocessing
  readonly wanted?: (patient: string) => boolean
  /** InstanceNumbers, first to last, that do not count: a known lesion */
  readonly excluded?: readonly [number, number]
}

const niftiName = /\.nii(\.gz)?$/
const maskName = /_tumourmask\.nii(\.gz)?$/

/**
 * Real slices without tubers from a folder of NIfTI volumes and DICOM files, series by series. Where a volume has a
 * `…_tumourmask` beside it, slices within two of the tumour are left out.
 * @throws AppError `training-data-invalid` where the folder holds neither
 */
export async function * readTuberFree (folder: string, options: TuberFreeOptions): AsyncGenerator<EvaluationSlice> {
  const paths = await filesUnder(folder)
  const volumes = paths.filter(path => niftiName.test(path) && !maskName.test(path))
  const others = paths.filter(path => ['.dcm', ''].includes(extname(path)))
  if (volumes.length === 0 && others.length === 0) {
    throw new AppError('training-data-invalid', 'the folder of tuber-free series holds no NIfTI and no DICOM file')
  }
  for (const path of volumes) yield * volumeSlices(folder, path, paths, options)
  if (others.length > 0) yield * dicomSlices(others, options)
}

async function * volumeSlices (
  folder: string, path: string, paths: readonly string[], options: TuberFreeOptions,
): AsyncGenerator<EvaluationSlice> {
  const stem = basename(path).replace(niftiName, '')
  const patient = dirname(path) === folder.replace(/\/$/, '') ? stem.replace(/_(FLAIR|T2W?)$/, '') : basename(dirname(path))
  if (options.wanted?.(patient) === false) return
  const { size: [nx, ny, nz], spacing, data } = toAxial(await readNiftiFile(path))
  const maskPath = join(dirname(path), `${stem}_tumourmask`)
  const mask = paths.find(other => other.startsWith(maskPath))
  const skipped = mask === undefined ? new Set<number>() : await nearTumour(mask, nz)
  for (let z = 0; z < nz; z++) {
    if (skipped.has(z)) continue
    const slice = data.subarray(z * nx * ny, (z + 1) * nx * ny)
    yield {
      raster: rasterizeGray({ width: nx, height: ny, data: slice, values: 'modality', spacing: [spacing[1], spacing[0]] }, options.preprocessing),
      label: 0,
      patient,
      series: `${patient}/${stem}`,
      index: z,
      contrast: /T2W?$/.test(stem) ? 'T2' : 'FLAIR',
    }
  }
}

async function nearTumour (path: string, count: number): Promise<Set<number>> {
  const { size: [nx, ny], data } = toAxial(await readNiftiFile(path))
  const out = new Set<number>()
  for (let z = 0; z < count; z++) {
    if (!data.subarray(z * nx * ny, (z + 1) * nx * ny).some(value => value > 0)) continue
    for (let near = z - 2; near <= z + 2; near++) out.add(near)
  }
  return out
}

async function * dicomSlices (paths: readonly string[], options: TuberFreeOptions): AsyncGenerator<EvaluationSlice> {
  const instances: Instance[] = []
  for (const path of paths) {
    // what is not DICOM does not count; `analyze` is the place that says why
    const instance = await readInstanceFile(path).catch(() => undefined)
    if (instance !== undefined) instances.push(instance)
  }
  const decoder = createDecoder()
  try {
    for (const [number, series] of groupBySeries(instances).entries()) {
      for (const group of selectSeries(series).groups) {
        const patient = `dicom-${number + 1}`
        for (const [index, slice] of group.slices.entries()) {
          const at = slice.instanceNumber ?? index + 1
          if (options.excluded !== undefined && at >= options.excluded[0] && at <= options.excluded[1]) continue
          const stored = await decoder.decodeSlice(slice)
          yield {
            raster: rasterize(slice, stored, options.preprocessing),
            label: 0, patient, series: `${patient}/${group.contrast}`, index, contrast: group.contrast,
          }
        }
      }
    }
  } finally {
    await decoder.close()
  }
}

async function filesUnder (folder: string): Promise<string[]> {
  const entries = await entriesOf(folder, 'tuber-free series', { recursive: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name)).sort()
}
