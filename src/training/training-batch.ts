import type { Preprocessing } from '../imaging/preprocessing.ts'
import { rasterizeGray } from '../imaging/rasterize.ts'
import type { Raster } from '../imaging/raster.ts'
import { toCells } from './loss.ts'
import { Random } from './random.ts'
import type { SyntheticSlice, Synthesizer } from './synthesizer.ts'

/** The network's pictures with their truth, ready to become tensors. */
export interface TrainingBatch {
  readonly count: number
  /** NHWC */
  readonly pictures: Float32Array
  /** 0 or 1 */
  readonly labels: Float32Array
  /** share of tuber in each cell of the evidence map, 0..1, row by row; zero throughout where no mask is known */
  readonly cells: Float32Array
}

/** Pixels of the raster that a cell of the evidence map spans. */
export const cellSize = 8

/** A synthetic slice → what the network sees, by the path that every other picture takes. */
export function toRaster (slice: SyntheticSlice, preprocessing: Preprocessing): Raster {
  return rasterizeGray(
    { width: slice.size, height: slice.size, data: slice.stored, values: 'modality', spacing: [slice.pixel, slice.pixel] }, preprocessing)
}

/** Windows differ between readers and vendors: the percentiles are drawn about the manifest's own. */
export function variedWindow (random: Random, preprocessing: Preprocessing): Preprocessing {
  if (preprocessing.voi.from !== 'percentiles') return preprocessing
  const low = Math.min(10, Math.max(0, preprocessing.voi.low + random.uniform(-1, 3)))
  const high = Math.min(99.9, Math.max(90, preprocessing.voi.high + random.uniform(-2.5, 0.4)))
  return { ...preprocessing, voi: { from: 'percentiles', low, high } }
}

/** Slices `first`…`first + count − 1` of a synthesizer. `varied`: the window as augmentation. */
export function drawBatch (
  synthesizer: Synthesizer, preprocessing: Preprocessing, first: number, count: number, varied: boolean,
): TrainingBatch {
  const { width, height } = preprocessing
  const cellCount = Math.floor(width / cellSize) * Math.floor(height / cellSize)
  const pictures = new Float32Array(count * width * height * 3)
  const labels = new Float32Array(count)
  const cells = new Float32Array(count * cellCount)
  for (let i = 0; i < count; i++) {
    const slice = synthesizer.draw(first + i)
    const chosen = varied ? variedWindow(new Random(first + i, 0x77), preprocessing) : preprocessing
    pictures.set(toRaster(slice, chosen).data, i * width * height * 3)
    labels[i] = slice.label
    cells.set(toCells(slice.mask, slice.size, cellSize), i * cellCount)
  }
  return { count, pictures, labels, cells }
}
