import { toChannels } from '../imaging/channels.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { AppError } from '../errors.ts'
import type { AugmentationRange } from './augmentation.ts'
import { move, paperAugmentation, randomMotion } from './augmentation.ts'
import type { BatchSource } from './batch-source.ts'
import type { LabelledSample } from './labelled-samples.ts'
import { full } from './labelled-samples.ts'
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

/** Batches of labelled slices, shuffled anew in each pass and moved as the paper did, masks with their pictures. */
export function labelledSource (samples: readonly LabelledSample[], options: LabelledSourceOptions): BatchSource {
  const { preprocessing, batchSize, seed, augmentation = paperAugmentation } = options
  const { width, height } = preprocessing
  let order: readonly number[] = []
  let pass = -1
  const sampleAt = (at: number): LabelledSample => {
    const wanted = Math.floor(at / samples.length)
    if (wanted !== pass) {
      pass = wanted
      order = new Random(seed, pass).shuffle(samples.map((_, i) => i))
    }
    return samples[order[at % samples.length]!]!
  }
  return {
    batch (index) {
      const items = Array.from({ length: batchSize }, (_, k): Item => {
        const at = index * batchSize + k
        const { label, picture, mask } = unpacked(sampleAt(at))
        const motion = randomMotion(new Random(seed, 0x40000000 + at), augmentation, width, height)
        return {
          label,
          picture: move(picture, width, height, 1, motion),
          ...mask === undefined ? {} : { mask: move(mask, width, height, 1, motion) },
        }
      })
      return Promise.resolve(batchOf(items, preprocessing))
    },
    close: () => Promise.resolve(),
  }
}

/** Every slice once, as it is, in batches. */
export function plainBatches (
  samples: readonly LabelledSample[], preprocessing: Preprocessing, batchSize: number,
): TrainingBatch[] {
  const out: TrainingBatch[] = []
  for (let first = 0; first < samples.length; first += batchSize) {
    out.push(batchOf(samples.slice(first, first + batchSize).map(unpacked), preprocessing))
  }
  return out
}

interface Item {
  readonly label: 0 | 1
  /** windowed, 0..1 */
  readonly picture: Float32Array
  readonly mask?: Float32Array
}

function unpacked ({ label, picture, mask }: LabelledSample): Item {
  return {
    label,
    picture: Float32Array.from(picture, value => value / full),
    ...mask === undefined ? {} : { mask: Float32Array.from(mask, value => value / 255) },
  }
}

function batchOf (items: readonly Item[], { width, height, channels, range }: Preprocessing): TrainingBatch {
  if (width !== height) throw new AppError('training-data-invalid', 'rasters must be square to be trained on')
  const cellCount = Math.floor(width / cellSize) ** 2
  const pictures = new Float32Array(items.length * width * height * 3)
  const cells = new Float32Array(items.length * cellCount)
  for (const [i, { picture, mask }] of items.entries()) {
    pictures.set(toChannels(picture, width, height, channels, range), i * width * height * 3)
    if (mask !== undefined) cells.set(toCells(mask, width, cellSize), i * cellCount)
  }
  return { count: items.length, pictures, labels: Float32Array.from(items, ({ label }) => label), cells }
}
