import { AppError } from '../errors.ts'
import { acquire } from './acquisition.ts'
import { addArtefacts } from './artefacts.ts'
import type { CanvasSeries, CanvasSlice } from './canvas.ts'
import { asAcquired, drawCanvasSlice } from './canvas-slice.ts'
import { drawHardNegatives } from './hard-negatives.ts'
import { drawLabelSlice } from './label-slice.ts'
import type { Plane } from './plane.ts'
import { Random } from './random.ts'
import type { Difficulty, DrawnSlice, SliceContrast } from './slice-picture.ts'
import { difficulties, leastTuber } from './slice-picture.ts'
import type { TissueVolume } from './tissue-volume.ts'

/** A synthetic slice as a scanner would store it, with its truth. */
export interface SyntheticSlice {
  readonly size: number
  /** millimetres a pixel spans */
  readonly pixel: number
  /** whole numbers on an arbitrary scale, 0 and up */
  readonly stored: Plane
  /** how much of each pixel is tuber, 0..1 */
  readonly mask: Plane
  /** 1: at least one tuber */
  readonly label: 0 | 1
  readonly contrast: SliceContrast
  readonly patient: string
  readonly source: 'label-map' | 'canvas'
}

export interface SynthesisOptions {
  readonly labelMaps: readonly TissueVolume[]
  readonly canvases: readonly CanvasSeries[]
  readonly seed: number
  /** side of the slices, in pixels */
  readonly size?: number
  readonly difficulty?: Difficulty
  /** share of the slices drawn on canvases, where there are both */
  readonly canvasShare?: number
  /** canvases only: each slice as it was acquired (even numbers), and next with tubers implanted and nothing else changed */
  readonly pairs?: boolean
}

/** Draws slices from label maps and canvases: half with tubers, half T2. Slice `i` depends on seed and `i` alone. */
export class Synthesizer {
  readonly #options: Required<SynthesisOptions>
  readonly #canvases: Readonly<Record<SliceContrast, { all: Canvas[], cerebral: Canvas[] }>>

  /** @throws AppError `training-data-invalid` where there is neither a label map nor a canvas */
  constructor (options: SynthesisOptions) {
    if (options.labelMaps.length === 0 && options.canvases.length === 0) {
      throw new AppError('training-data-invalid', 'slices cannot be synthesized without label maps or canvases')
    }
    this.#options = { size: 224, difficulty: difficulties.mixed, canvasShare: 0.6, pairs: false, ...options }
    const of = (contrast: SliceContrast): { all: Canvas[], cerebral: Canvas[] } => {
      const all = options.canvases.filter(series => series.contrast === contrast)
        .flatMap(series => series.slices.map(slice => ({ series, slice })))
      return { all, cerebral: all.filter(({ slice }) => slice.cerebral) }
    }
    this.#canvases = { T2: of('T2'), FLAIR: of('FLAIR') }
  }

  draw (index: number): SyntheticSlice {
    const { seed, labelMaps, size, difficulty, canvasShare, pairs } = this.#options
    if (pairs) return this.#drawOfPair(index)
    const random = new Random(seed, index)
    const withTubers = random.chance(0.5)
    const contrast = random.chance(0.5) ? 'T2' : 'FLAIR'
    const pool = this.#canvases[contrast].cerebral.length > 0 ? this.#canvases[contrast] : undefined
    if (pool !== undefined && (labelMaps.length === 0 || random.chance(canvasShare))) {
      const { series, slice } = random.choice(withTubers || random.chance(0.75) ? pool.cerebral : pool.all)
      const drawn = drawCanvasSlice(random, series, slice, { size, withTubers, difficulty, vary: true })
      spoil(new Random(seed, index ^ spoilStream), drawn, contrast)
      return finished(drawn, acquire(random, drawn, true), contrast, series.patient, 'canvas')
    }
    if (labelMaps.length === 0) throw new AppError('training-data-invalid', `there is no canvas of ${contrast} and no label map`)
    const volume = random.choice(labelMaps)
    const drawn = drawLabelSlice(random, volume, { size, contrast, withTubers, difficulty })
    spoil(new Random(seed, index ^ spoilStream), drawn, contrast)
    return finished(drawn, acquire(random, drawn, false), contrast, volume.patient, 'label-map')
  }

  /** Tubers that left hardly a trace are drawn anew: a pair has one slice of each label. */
  #drawOfPair (index: number): SyntheticSlice {
    const { seed, size, difficulty } = this.#options
    const pair = index >> 1
    const random = new Random(seed, pair)
    const pools = [this.#canvases.T2, this.#canvases.FLAIR].filter(pool => pool.cerebral.length > 0)
    if (pools.length === 0) throw new AppError('training-data-invalid', 'pairs are drawn on canvases, and none shows enough cerebrum')
    const { series, slice } = random.choice(random.choice(pools).cerebral)
    const withTubers = index % 2 === 1
    for (let attempt = 0; ; attempt++) {
      const drawn = drawCanvasSlice(random, series, slice, { size, withTubers, difficulty, vary: false })
      const made = finished(drawn, asAcquired(drawn), series.contrast, series.patient, 'canvas')
      if (made.label === (withTubers ? 1 : 0)) return made
      if (attempt === mostAttempts) {
        throw new AppError('training-data-invalid', 'no tuber can be implanted into a canvas', { canvas: `${series.name} ${slice.index}` })
      }
    }
  }
}

/** Numbers of their own, so that a slice without any of these stays what it was. */
const spoilStream = 0x20000000
const mostAttempts = 50

function spoil (random: Random, drawn: DrawnSlice, contrast: SliceContrast): void {
  drawHardNegatives(random, drawn, contrast)
  addArtefacts(random, drawn)
}

interface Canvas { readonly series: CanvasSeries, readonly slice: CanvasSlice }

/** Puts picture and truth together: what has hardly any tuber in it counts as tuber-free. */
export function finished (
  drawn: { size: number, pixel: number, tuber: Plane }, stored: Plane, contrast: SliceContrast, patient: string,
  source: SyntheticSlice['source'],
): SyntheticSlice {
  const { tuber } = drawn
  let sum = 0
  for (let i = 0; i < tuber.length; i++) sum += tuber[i]!
  const label = sum > leastTuber ? 1 : 0
  const mask = new Float32Array(tuber.length)
  if (label === 1) for (let i = 0; i < mask.length; i++) mask[i] = Math.min(1, tuber[i]!)
  return { size: drawn.size, pixel: drawn.pixel, stored, mask, label, contrast, patient, source }
}
