import { readdir, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { readInstanceFile } from '../dicom/read-instance.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { implausibility } from '../imaging/plausibility.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { rasterizeGray } from '../imaging/rasterize.ts'
import type { EvaluationItem, KnownSlice, UnjudgedSlice } from './evaluation-slice.ts'
import type { LabelledDicom } from './labelled-dicom.ts'
import { dicomItems } from './labelled-dicom.ts'
import type { LabelledFile } from './labelled-set.ts'
import { readPicture } from './labelled-set.ts'
import { maskOnRaster } from './mask-raster.ts'
import { readNiftiFile } from './nifti.ts'
import type { AxialVolume } from './volume.ts'
import { toAxial } from './volume.ts'

export interface LabelledSlicesOptions {
  readonly preprocessing: Preprocessing
  readonly decoder: Decoder
  readonly signal?: AbortSignal | undefined
  readonly onRow?: ((done: number, total: number) => void) | undefined
}

const isPicture = (name: string): boolean => /\.(png|jpe?g)$/i.test(name)
const isNifti = (name: string): boolean => /\.nii(\.gz)?$/i.test(name)

/**
 * The slices of a labelled set: pictures (JPG, PNG), NIfTI volumes, DICOM files, and folders of these. What cannot be used becomes an
 * item with its reason; a bad row never costs the others. DICOM goes through selection as `analyze` does it.
 * @throws AppError `interrupted`
 */
export async function * labelledSlices (
  rows: readonly LabelledFile[], options: LabelledSlicesOptions,
): AsyncGenerator<EvaluationItem> {
  // single DICOM files make up series together, whatever the order of the rows
  const single = new Map<string, LabelledDicom[]>()
  for (const [i, row] of rows.entries()) {
    if (options.signal?.aborted === true) throw new AppError('interrupted', 'stopped')
    try {
      if ((await statOf(row.path)).isDirectory()) yield * folderItems(row, options)
      else if (isNifti(row.path)) yield * volumeItems(row, options)
      else if (isPicture(row.path)) yield await pictureItem(row, row.path, i, options)
      else {
        const found = single.get(row.patient) ?? []
        single.set(row.patient, found)
        found.push({ instance: await readInstanceFile(row.path), row, mask: row.mask })
      }
    } catch (thrown) {
      yield unusable(row, thrown)
    }
    options.onRow?.(i + 1, rows.length)
  }
  for (const files of single.values()) yield * dicomItems(files, options)
}

/** A folder is a series: of DICOM files, or of pictures in the order of their names; NIfTI volumes count each for itself. */
async function * folderItems (row: LabelledFile, options: LabelledSlicesOptions): AsyncGenerator<EvaluationItem> {
  const names = (await readdir(row.path, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile() && !entry.name.startsWith('.')).map(entry => join(entry.parentPath, entry.name)).sort()
  const dicom: LabelledDicom[] = []
  let pictures = 0
  let used = 0
  for (const path of names) {
    try {
      const mask = row.mask === undefined ? undefined : await maskBeside(row.mask, path)
      // a folder of masks shows every slice with a tuber: those without a mask have none
      const own: LabelledFile = { ...row, path, mask, ...row.mask !== undefined && mask === undefined ? { label: 0 } : {} }
      if (isNifti(path)) yield * volumeItems(own, options)
      else if (isPicture(path)) {
        yield await pictureItem({ ...own, series: row.series ?? row.file }, path, pictures++, options, own.label === 1)
      } else dicom.push({ instance: await readInstanceFile(path), row, mask })
      used++
    } catch (thrown) {
      const error = toAppError(thrown, 'input-unreadable')
      // a readme or DICOMDIR among the files is nothing to be told
      if (error.code !== 'not-dicom') yield { ...unusable(row, error), series: `${row.patient}/${row.series ?? row.file}` }
    }
  }
  if (used === 0) yield unusable(row, new AppError('training-data-invalid', 'the folder holds no DICOM file, no NIfTI volume and no picture'))
  yield * dicomItems(dicom, options)
}

/** The picture or volume in a folder of masks whose name is that of the slice's file, endings aside; none means no tuber there. */
async function maskBeside (folder: string, path: string): Promise<string | undefined> {
  const stem = parse(path).name.replace(/\.nii$/, '')
  const found = (await readdir(folder)).find(name => (isPicture(name) || isNifti(name)) && parse(name).name.replace(/\.nii$/, '') === stem)
  return found === undefined ? undefined : join(folder, found)
}

async function pictureItem (
  row: LabelledFile, path: string, index: number, { preprocessing, decoder }: LabelledSlicesOptions, ofFolder = false,
): Promise<EvaluationItem> {
  const picture = await readPicture(path, decoder)
  const known = { ...knownOf(row), index, contrast: row.contrast ?? 'unknown', series: `${row.patient}/${row.series ?? row.contrast ?? 'slices'}` }
  const nothing = implausibility({ ...picture, samplesPerPixel: 1 })
  if (nothing !== undefined) return { ...known, outcome: 'undetermined', reason: { code: 'implausible-pixels', text: nothing } }
  const raster = rasterizeGray(picture, preprocessing)
  if (row.mask === undefined || row.label === 0) return { ...known, raster, ...ofFolder ? { ofSeries: true as const } : {} }
  const mask = maskOnRaster(await readPicture(row.mask, decoder), picture, raster)
  return { ...known, raster, mask }
}

async function * volumeItems (row: LabelledFile, { preprocessing }: LabelledSlicesOptions): AsyncGenerator<EvaluationItem> {
  const volume = toAxial(await readNiftiFile(row.path))
  const mask = row.mask === undefined ? undefined : toAxial(await readNiftiFile(row.mask))
  if (mask !== undefined && mask.size.join() !== volume.size.join()) {
    throw new AppError('training-data-invalid', `a mask has ${mask.size.join('×')} voxels, its volume ${volume.size.join('×')}`)
  }
  const stem = parse(row.path).name.replace(/\.nii$/, '')
  const contrast = row.contrast ?? (/T2W?$/.test(stem) ? 'T2' : /FLAIR$/.test(stem) ? 'FLAIR' : 'unknown')
  for (let index = 0; index < volume.size[2]; index++) {
    const common = { ...knownOf(row), index, contrast, series: `${row.patient}/${row.series ?? stem}` }
    const slice = planeOf(volume, index)
    const spot = mask === undefined ? undefined : planeOf(mask, index)
    const known = { ...common, ...labelOf(row, spot?.data) }
    const nothing = implausibility({ ...slice, samplesPerPixel: 1 })
    if (nothing !== undefined) {
      yield { ...known, outcome: 'undetermined', reason: { code: 'implausible-pixels', text: nothing } }
      continue
    }
    const raster = rasterizeGray({ ...slice, values: 'modality', spacing: [volume.spacing[1], volume.spacing[0]] }, preprocessing)
    const white = spot === undefined ? undefined : { ...spot, data: Uint8Array.from(spot.data, value => value > 0 ? 255 : 0) }
    yield { ...known, raster, ...white !== undefined && known.label === 1 ? { mask: maskOnRaster(white, white, raster) } : {} }
  }
}

function planeOf (
  { size: [width, height], data }: AxialVolume, index: number,
): { width: number, height: number, data: Float32Array } {
  return { width, height, data: data.subarray(index * width * height, (index + 1) * width * height) }
}

/** Of a slice of a series: its mask decides where there is one; without, only a tuber-free series says what its slices are. */
export function labelOf (row: LabelledFile, mask: ArrayLike<number> | undefined): Pick<KnownSlice, 'label' | 'ofSeries'> {
  if (row.label === 0) return { label: 0 }
  if (mask !== undefined) return { label: Array.prototype.some.call(mask, (value: number) => value > 0) ? 1 : 0 }
  return { label: 1, ofSeries: true }
}

/** What a row says of all its slices. */
export function knownOf (row: LabelledFile): Pick<KnownSlice, 'label' | 'patient' | 'source' | 'vendor'> {
  return { label: row.label, patient: row.patient, source: row.file, ...row.vendor === undefined ? {} : { vendor: row.vendor } }
}

/** A row that cannot be used, as an item. */
function unusable (row: LabelledFile, thrown: unknown): UnjudgedSlice {
  const { code, message } = toAppError(thrown, 'input-unreadable')
  if (code === 'interrupted') throw thrown
  return { ...knownOf(row), index: 0, contrast: row.contrast ?? 'unknown', outcome: 'failed', reason: { code, text: message } }
}

async function statOf (path: string): Promise<Awaited<ReturnType<typeof stat>>> {
  try {
    return await stat(path)
  } catch (thrown) {
    throw toAppError(thrown, 'input-unreadable', 'the file does not exist or may not be read')
  }
}
