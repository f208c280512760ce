import { z } from 'zod'
import type { Preprocessing } from './preprocessing.ts'
import type { Raster } from './raster.ts'
import { repetition } from './repetition.ts'
import { sliceStatisticNames, sliceStatistics, turned } from './slice-statistics.ts'

const count = sliceStatisticNames.length

/** What slices of one kind look like: where each statistic lies, how far it spreads, and how they go together. */
export const likenessSchema = z.strictObject({
  name: z.string().min(1).max(32),
  mean: z.array(z.number()).length(count),
  spread: z.array(z.number().positive()).length(count),
  /** inverse of the correlation matrix, its lower triangle row by row */
  precision: z.array(z.number()).length(count * (count + 1) / 2),
})

/** What the model was made for, for telling other pictures from it. Part of a manifest; where it is absent nothing is told apart. */
export const distributionSchema = z.strictObject({
  statistics: z.literal(1),
  kinds: z.array(likenessSchema).min(1),
  /** the greatest distance from the nearest kind that is still accepted */
  limit: z.number().positive(),
  /** the greatest repetition that is still accepted; absent in older manifests: any is */
  repetition: z.number().positive().optional(),
  /** how much nearer a slice may be when it is turned by a quarter; absent in older manifests: by anything */
  turned: z.number().nonnegative().optional(),
})
export type Likeness = z.infer<typeof likenessSchema>
export type Distribution = z.infer<typeof distributionSchema>

/** Why a slice has no probability; the shape of `model/finding`'s Reason. */
interface Reason { readonly code: string, readonly text: string }

/**
 * Mahalanobis distance of a slice's statistics from one kind, squared and divided by their number: about 1 for slices of that kind.
 */
export function distanceFrom ({ mean, spread, precision }: Likeness, statistics: readonly number[]): number {
  const z = statistics.map((value, i) => (value - mean[i]!) / spread[i]!)
  let sum = 0
  for (let i = 0, at = 0; i < z.length; i++) {
    for (let k = 0; k < i; k++, at++) sum += 2 * z[i]! * z[k]! * precision[at]!
    sum += z[i]! * z[i]! * precision[at++]!
  }
  return sum / z.length
}

/** Distance from the nearest kind. */
export function distance ({ kinds }: Pick<Distribution, 'kinds'>, statistics: readonly number[]): number {
  return Math.min(...kinds.map(kind => distanceFrom(kind, statistics)))
}

/** What is looked at, of a slice. */
export interface Looks {
  /** `undefined`: hardly a head */
  readonly statistics: readonly number[] | undefined
  readonly repetition: number
}

export function looksOf (raster: Raster, preprocessing: Preprocessing): Looks {
  return { statistics: sliceStatistics(raster, preprocessing), repetition: repetition(raster, preprocessing) }
}

/** How much nearer to the kinds a slice would be if it were turned by a quarter; below 0: farther. */
export function nearerTurned (distribution: Pick<Distribution, 'kinds'>, statistics: readonly number[]): number {
  return distance(distribution, statistics) - distance(distribution, turned(statistics))
}

/** Why a raster is not what the model was made for; `undefined` when it may be, or when the manifest has no rule. */
export function unlikeness (
  raster: Raster,
  { preprocessing, distribution }: { readonly preprocessing: Preprocessing, readonly distribution?: Distribution | undefined },
): Reason | undefined {
  return distribution === undefined ? undefined : unlikenessOf(looksOf(raster, preprocessing), distribution)
}

/** The same, of looks that are known. */
export function unlikenessOf ({ statistics, repetition: found }: Looks, distribution: Distribution): Reason | undefined {
  const reason = (text: string): Reason => ({ code: 'out-of-distribution', text })
  if (statistics === undefined) return reason('The image shows hardly any head')
  if (distribution.repetition !== undefined && found > distribution.repetition) {
    return reason(`The image shows parts of it twice: ghosts, or a folded field of view (repetition ${found.toFixed(2)}, limit ${distribution.repetition.toFixed(2)})`)
  }
  const nearer = nearerTurned(distribution, statistics)
  if (distribution.turned !== undefined && nearer > distribution.turned) {
    return reason(`The head looks as if it lay on its side (nearer by ${nearer.toFixed(1)} when turned, limit ${distribution.turned.toFixed(1)})`)
  }
  const far = distance(distribution, statistics)
  return far <= distribution.limit
    ? undefined
    : reason(`The image is unlike the axial T2 and FLAIR slices that the model was made for (distance ${far.toFixed(1)}, limit ${distribution.limit.toFixed(1)})`)
}
