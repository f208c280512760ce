import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { groupBySeries } from '../dicom/group-by-series.ts'
import type { Instance } from '../dicom/instance.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import { AppError } from '../errors.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { unlikeness } from '../imaging/out-of-distribution.ts'
import type { Distribution } from '../imaging/out-of-distribution.ts'
import { implausibility } from '../imaging/plausibility.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { rasterize, rasterizeGray } from '../imaging/rasterize.ts'
import type { Raster } from '../imaging/raster.ts'
import type { Corruption } from './corruption.ts'
import { corrupt, corruptions } from './corruption.ts'
import { readPicture } from './labelled-set.ts'
import { Random } from './random.ts'

/** Of slices that the model was not made for: how many are undetermined, as they should be. */
export interface CaughtCount { readonly slices: number, readonly caught: number }

export interface UnlikeOptions {
  readonly preprocessing: Preprocessing
  readonly distribution?: Distribution | undefined
  readonly decoder: Decoder
  readonly signal?: AbortSignal | undefined
}

/**
 * Counts over a folder of slices that are not axial T2 or FLAIR of a head: every DICOM frame that decodes, without selection, and every
 * picture. Caught is what would be undetermined, by its pixels or by its looks. The name is the folder's.
 * @throws AppError `input-unreadable`, `training-data-invalid` for a folder without any
 */
export async function countUnlike (folder: string, options: UnlikeOptions): Promise<Record<string, CaughtCount>> {
  const { preprocessing, decoder } = options
  let [slices, caught] = [0, 0]
  const count = (undetermined: boolean): void => {
    slices++
    if (undetermined) caught++
  }
  const instances: Instance[] = []
  for (const path of await filesUnder(folder)) {
    if (/\.(png|jpe?g)$/i.test(path)) {
      const picture = await readPicture(path, decoder)
      const nothing = implausibility({ ...picture, samplesPerPixel: 1 }) !== undefined
      count(nothing || unlikeness(rasterizeGray(picture, preprocessing), options) !== undefined)
      continue
    }
    // what is not DICOM, or cannot be decoded, is not measured here
    const instance = await readInstanceFile(path).catch(() => undefined)
    if (instance !== undefined) instances.push(instance)
  }
  for (const slice of groupBySeries(instances).flatMap(series => series.slices)) {
    if (options.signal?.aborted === true) throw new AppError('interrupted', 'stopped')
    const stored = await decoder.decodeSlice(slice).catch(() => undefined)
    if (stored?.samplesPerPixel !== 1) continue
    count(implausibility(stored) !== undefined || unlikeness(rasterize(slice, stored, preprocessing), options) !== undefined)
  }
  if (slices === 0) throw new AppError('training-data-invalid', 'the folder of other slices holds no picture and no DICOM that can be decoded')
  return { [basename(folder)]: { slices, caught } }
}

/** Counts over good slices that are spoiled in every way that `corruptions` knows; every `step`-th slice it is shown. */
export class SpoiledCounter {
  readonly counts: Partial<Record<Corruption, CaughtCount>> = {}
  readonly #options: Omit<UnlikeOptions, 'decoder'>
  readonly #random: Random
  readonly #step: number
  #seen = 0

  constructor (options: Omit<UnlikeOptions, 'decoder'>, step: number, seed: number) {
    this.#options = options
    this.#step = step
    this.#random = new Random(seed, 0x5b01)
  }

  see (raster: Raster): void {
    if (this.#seen++ % this.#step !== 0) return
    const { preprocessing, distribution } = this.#options
    for (const kind of Object.keys(corruptions) as Corruption[]) {
      const spoiled = corrupt(raster, kind, preprocessing, this.#random)
      const { slices, caught } = this.counts[kind] ?? { slices: 0, caught: 0 }
      const told = unlikeness(spoiled, { preprocessing, distribution }) !== undefined
      this.counts[kind] = { slices: slices + 1, caught: told ? caught + 1 : caught }
    }
  }
}

async function filesUnder (folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name)).sort()
  } catch (cause) {
    throw new AppError('input-unreadable', 'the folder of other slices cannot be read', {}, { cause })
  }
}
