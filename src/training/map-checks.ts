import { toChannels } from '../imaging/channels.ts'
import { headCells } from '../imaging/foreground.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import type { Raster } from '../imaging/raster.ts'
import type { Classifier } from '../model/classifier.ts'
import type { Heatmap, HeatmapMethod } from '../model/finding.ts'
import type { EvaluationSlice } from './evaluation-slice.ts'
import { mapLikeness } from './map-likeness.ts'

/** What becomes of an explanation's maps when the network forgets, and when the tuber is elsewhere (pipeline: explanations). */
export interface MapChecks {
  /** the maps of the network and of the same one with shuffled weights (Adebayo 2018) */
  readonly randomised: { readonly slices: number, readonly rankCorrelation: number, readonly ssim: number }
  /** one tuber moved within its slice, and what the map gained by it */
  readonly moved: {
    readonly slices: number
    /** medians, pixels of the raster: how far the tuber was moved, and how far beside that the map's gain went */
    readonly shift: number
    readonly miss: number
    /** share of the tuber's shift that the gain's centre follows: 1 all, 0 none */
    readonly followed: number
  }
}

/** Which implantations hold one tuber that can be seen. */
const checkedDifficulty = 'moderate'
/** A shorter way, in pixels, is none. */
const leastShift = 20

interface Point { readonly x: number, readonly y: number }
interface Move { readonly tuber: Point, readonly map: Point }
interface Found { readonly ranks: number[], readonly ssims: number[], readonly moves: Move[] }
interface Group { readonly key: string, readonly without: Raster, first?: { raster: Raster, mask: Float32Array } }

/** Checks the maps over the slices of the paired test; every `step`-th slice that it could check. */
export class MapChecker {
  readonly #found = new Map<HeatmapMethod, Found>()
  readonly #models: { readonly trained: Classifier, readonly random: Classifier }
  readonly #methods: readonly HeatmapMethod[]
  readonly #step: number
  #group: Group | undefined
  #seen = 0

  constructor (models: { trained: Classifier, random: Classifier }, methods: readonly HeatmapMethod[], step: number) {
    this.#models = models
    this.#methods = methods
    this.#step = step
  }

  /** Slices must come as `implantedPairs` gives them: the one without first. */
  async see ({ raster, mask, pair }: EvaluationSlice): Promise<void> {
    if (pair?.difficulty === 'without') this.#group = { key: pair.key, without: raster }
    const group = this.#group
    if (pair?.difficulty !== checkedDifficulty || mask === undefined || group?.key !== pair.key) return
    if (group.first === undefined) group.first = { raster, mask }
    else if (this.#seen++ % this.#step === 0) {
      const { without, first } = group
      this.#group = undefined
      await this.#check(without, first.raster, first.mask, mask)
    }
  }

  /** Of each method; nothing where no slice could be checked. */
  get checks (): Partial<Record<HeatmapMethod, MapChecks>> {
    return Object.fromEntries([...this.#found].map(([method, { ranks, ssims, moves }]) => {
      const length = ({ x, y }: Point): number => Math.hypot(x, y)
      const along = moves.reduce((sum, { tuber, map }) => sum + tuber.x * map.x + tuber.y * map.y, 0)
      const all = moves.reduce((sum, { tuber }) => sum + length(tuber) ** 2, 0)
      return [method, {
        randomised: { slices: ranks.length, rankCorrelation: mean(ranks), ssim: mean(ssims) },
        moved: {
          slices: moves.length,
          shift: median(moves.map(({ tuber }) => length(tuber))),
          miss: median(moves.map(({ tuber, map }) => length({ x: map.x - tuber.x, y: map.y - tuber.y }))),
          followed: all === 0 ? 0 : along / all,
        },
      }]
    }))
  }

  async #check (without: Raster, raster: Raster, mask: Float32Array, elsewhere: Float32Array): Promise<void> {
    const { trained, random } = this.#models
    const { preprocessing } = trained.manifest
    const { width } = raster
    const [from, to] = [centre(mask, width), centre(elsewhere, width)]
    const shift = { x: Math.round(to.x - from.x), y: Math.round(to.y - from.y) }
    const far = Math.hypot(shift.x, shift.y) >= leastShift
    const rasters = far ? [raster, without, moveTuber(without, raster, mask, shift, preprocessing)] : [raster]
    const [own, before, after] = await trained.classify(rasters, this.#methods)
    const [forgot] = await random.classify([raster], this.#methods)
    const inside = headPixels(raster, preprocessing)
    for (const [i, map] of own!.heatmaps.entries()) {
      const found = this.#found.get(map.method) ?? { ranks: [], ssims: [], moves: [] }
      this.#found.set(map.method, found)
      const { rankCorrelation, ssim } = mapLikeness(map.values, forgot!.heatmaps[i]!.values, inside, width)
      found.ranks.push(rankCorrelation)
      found.ssims.push(ssim)
      if (before === undefined || after === undefined) continue
      const [one, other] = [gain(map, before.heatmaps[i]!), gain(after.heatmaps[i]!, before.heatmaps[i]!)]
      const [start, end] = [centre(one, width), centre(other, width)]
      found.moves.push({ tuber: shift, map: { x: end.x - start.x, y: end.y - start.y } })
    }
  }
}

/** The slice without tubers, with what the tuber changed put elsewhere. */
export function moveTuber (
  without: Raster, raster: Raster, mask: Float32Array, shift: Point, { range, channels }: Preprocessing,
): Raster {
  const { width, height } = raster
  const [plain, implanted] = [grey(without, range), grey(raster, range)]
  const moved = plain.slice()
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const [toX, toY] = [x + shift.x, y + shift.y]
      if (mask[i]! <= 0 || toX < 0 || toY < 0 || toX >= width || toY >= height) continue
      const to = toY * width + toX
      moved[to] = Math.min(1, Math.max(0, plain[to]! + implanted[i]! - plain[i]!))
    }
  }
  return { ...raster, data: toChannels(moved, width, height, channels, range) }
}

function grey ({ data, channels }: Raster, [black, white]: readonly [number, number]): Float32Array {
  return Float32Array.from({ length: data.length / channels }, (_, i) => (data[i * channels]! - black) / (white - black))
}

function headPixels (raster: Raster, { range }: Preprocessing): Uint8Array {
  const { width, height } = raster
  const { size, across, taken } = headCells(grey(raster, range), width, height)
  return Uint8Array.from({ length: width * height }, (_, i) =>
    taken[Math.floor(Math.floor(i / width) / size) * across + Math.floor(i % width / size)]!)
}

function gain (map: Heatmap, before: Heatmap): Float32Array {
  return map.values.map((value, i) => Math.max(0, value - before.values[i]!))
}

/** Centre of mass; of nothing, the middle. */
function centre (values: Float32Array, width: number): Point {
  let [x, y, all] = [0, 0, 0]
  for (const [i, value] of values.entries()) {
    x += value * (i % width)
    y += value * Math.floor(i / width)
    all += value
  }
  return all > 0 ? { x: x / all, y: y / all } : { x: (width - 1) / 2, y: (values.length / width - 1) / 2 }
}

function mean (values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

function median (values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = (sorted.length - 1) / 2
  return sorted.length === 0 ? 0 : (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
}
