import { toChannels } from '../imaging/channels.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import type { Raster } from '../imaging/raster.ts'
import { blur } from './plane.ts'
import type { Random } from './random.ts'

/** What is done to a good slice so that it is none any more; each a thing that happens to scanners, networks or people. */
export const corruptions = {
  blank: () => 0,
  inverted: ({ value }: Place) => 1 - value,
  noise: ({ random }: Place) => random.uniform(),
  'heavy noise': ({ value, random }: Place) => Math.hypot(value + 0.3 * random.normal(), 0.3 * random.normal()),
  ghosts: ({ at, x, y, height }: Place) =>
    0.6 * at(x, y) + 0.45 * at(x, (y + height / 4) % height) + 0.45 * at(x, (y + 3 * height / 4) % height),
  'faint ghosts': ({ at, x, y, height }: Place) =>
    0.8 * at(x, y) + 0.2 * at(x, (y + height / 4) % height) + 0.2 * at(x, (y + 3 * height / 4) % height),
  folded: ({ at, x, y, width }: Place) => at(x, y) + at((x + width / 2) % width, y),
  spike: ({ value, x, y }: Place) => value + 0.5 * Math.sin(0.9 * x + 0.6 * y),
  blurred: ({ smooth, i }: Place) => smooth()[i]!,
  'half missing': ({ value, x, width }: Place) => x < width / 2 ? value : 0,
  'on its side': ({ at, x, y, height }: Place) => at(height - 1 - y, x),
} satisfies Record<string, (place: Place) => number>
export type Corruption = keyof typeof corruptions

/** One pixel of the windowed picture and what a corruption may ask for. */
interface Place {
  readonly i: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** 0..1 */
  readonly value: number
  readonly at: (x: number, y: number) => number
  readonly smooth: () => Float32Array
  readonly random: Random
}

/** Pixels of the raster that `blurred` smears over (standard deviation). */
const blurSigma = 9

/** The raster as it would be, had its picture been spoiled before the network's channels were made. Rasters must be square. */
export function corrupt (raster: Raster, kind: Corruption, { range, channels }: Preprocessing, random: Random): Raster {
  const { width, height } = raster
  const [black, white] = range
  const unit = new Float32Array(width * height)
  for (let i = 0; i < unit.length; i++) unit[i] = (raster.data[i * raster.channels]! - black) / (white - black)
  const at = (x: number, y: number): number => unit[Math.floor(y) * width + Math.floor(x)]!
  let smoothed: Float32Array | undefined
  const smooth = (): Float32Array => {
    smoothed ??= blur(unit, width, blurSigma)
    return smoothed
  }
  const change: (place: Place) => number = corruptions[kind]
  const changed = unit.map((value, i) => {
    const place = { i, x: i % width, y: Math.floor(i / width), width, height, value, at, smooth, random }
    return Math.min(1, Math.max(0, change(place)))
  })
  return { ...raster, data: toChannels(changed, width, height, channels, range) }
}
