import { AppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import type { GrayInput } from '../imaging/rasterize.ts'
import { rasterizeGray } from '../imaging/rasterize.ts'
import type { AugmentationRange } from './augmentation.ts'
import { move, paperAugmentation, randomMotion } from './augmentation.ts'
import type { BatchSource } from './batch-source.ts'
import type { LabelledFile } from './labelled-set.ts'
import { readPicture } from './labelled-set.ts'
import { toCells } from './loss.ts'
import { Random } from './random.ts'
import type { TrainingBatch } from './training-batch.ts'
import { cellSize } from './training-batch.ts'

export interface LabelledSourceOptions {
  readonly preprocessing: Preprocessing
  readonly batchSize: number
  readonly seed: number
  readonly augmentation?: AugmentationRange
}

/** Batches of a labelled folder, shuffled anew in each pass and moved as the paper did. */
export function labelledSource (files: readonly LabelledFile[], options: LabelledSourceOptions): BatchSource {
  const { preprocessing, batchSize, seed, augmentation = paperAugmentation } = options
  const decoder = createDecoder()
  const order = (pass: number): number[] => new Random(seed, pass).shuffle(files.map((_, i) => i))
  return {
    async batch (index) {
      const items: Item[] = []
      for (let k = 0; k < batchSize; k++) {
        const at = index * batchSize + k
        const file = files[order(Math.floor(at / files.length))[at % files.length]!]!
        const motion = randomMotion(new Random(seed, 0x40000000 + at), augmentation, preprocessing.width, preprocessing.height)
        const item = await readItem(file, preprocessing, decoder)
        items.push({
          label: item.label,
          picture: move(item.picture, preprocessing.width, preprocessing.height, 3, motion),
          mask: move(item.mask, preprocessing.width, preprocessing.height, 1, motion),
        })
      }
      return batchOf(items, preprocessing)
    },
    close: () => decoder.close(),
  }
}

/** Every file once, as it is, in batches. */
export async function plainBatches (
  files: readonly LabelledFile[], preprocessing: Preprocessing, batchSize: number,
): Promise<TrainingBatch[]> {
  const out: TrainingBatch[] = []
  const decoder = createDecoder()
  try {
    for (let first = 0; first < files.length; first += batchSize) {
      const items: Item[] = []
      for (const file of files.slice(first, first + batchSize)) items.push(await readItem(file, preprocessing, decoder))
      out.push(batchOf(items, preprocessing))
    }
  } finally {
    await decoder.close()
  }
  return out
}

interface Item { readonly picture: Float32Array, readonly mask: Float32Array, readonly label: 0 | 1 }

async function readItem (file: LabelledFile, preprocessing: Preprocessing, decoder: Decoder): Promise<Item> {
  const picture = await readPicture(file.path, decoder)
  const mask = file.mask === undefined ? undefined : await readPicture(file.mask, decoder)
  if (mask !== undefined && (mask.width !== picture.width || mask.height !== picture.height)) {
    throw new AppError('training-data-invalid', 'a mask does not have the size of its picture')
  }
  return {
    label: file.label,
    picture: rasterizeGray(picture, preprocessing).data,
    mask: mask === undefined ? new Float32Array(preprocessing.width * preprocessing.height) : maskRaster(mask, preprocessing),
  }
}

/** The mask laid on the raster as its picture was; the share of tuber in each pixel. */
function maskRaster (mask: GrayInput, preprocessing: Preprocessing): Float32Array {
  const { data } = rasterizeGray(mask, { ...preprocessing, channels: 'equal', range: [0, 1], quantize8bit: false, resample: 'area' })
  return data.filter((_, i) => i % 3 === 0)
}

function batchOf (items: readonly Item[], { width, height }: Preprocessing): TrainingBatch {
  const cells = items.map(({ mask }) => toCells(mask, width, cellSize))
  const joined = (parts: readonly Float32Array[]): Float32Array => {
    const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
    parts.reduce((at, part) => {
      out.set(part, at)
      return at + part.length
    }, 0)
    return out
  }
  if (width !== height) throw new AppError('training-data-invalid', 'rasters must be square to be trained on')
  return {
    count: items.length,
    pictures: joined(items.map(({ picture }) => picture)),
    labels: Float32Array.from(items, ({ label }) => label),
    cells: joined(cells),
  }
}
