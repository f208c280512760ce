import { unlikeness, unlikenessOf } from '../imaging/out-of-distribution.ts'
import type { Distribution, Looks } from '../imaging/out-of-distribution.ts'
import type { Classifier } from '../model/classifier.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { AppError } from '../errors.ts'
import type { EvaluationItem, EvaluationSlice, JudgedSlice, Pointing, UnjudgedSlice } from './evaluation-slice.ts'
import type { Fold } from './folds.ts'
import { pointing } from './pointing.ts'

export interface JudgeOptions {
  readonly signal?: AbortSignal
  readonly onSlice?: (done: number) => void
  /** maps to be compared with masks; the evidence map where the network has one, else Grad-CAM */
  readonly maps?: readonly HeatmapMethod[]
  /** called with every slice that the network saw, before its picture is let go */
  readonly onJudged?: (slice: EvaluationSlice) => void | Promise<void>
}

/** Every slice of a set: with its probability, or with the reason why there is none. */
export interface Judgement { readonly judged: readonly JudgedSlice[], readonly unjudged: readonly UnjudgedSlice[] }

/**
 * The judgement as a rule against unlike slices would have it: what the rule keeps out has no probability.
 * @param looks of the judged slices, in their order
 */
export function underRule (
  { judged, unjudged }: Judgement, looks: readonly Looks[], distribution: Distribution,
): Judgement {
  const reasons = judged.map((_, i) => unlikenessOf(looks[i]!, distribution))
  const lost = judged.flatMap((slice, i): UnjudgedSlice[] => {
    const { probability: _, maps: __, fold: ___, ...known } = slice
    const reason = reasons[i]
    return reason === undefined ? [] : [{ ...known, outcome: 'undetermined', reason }]
  })
  return { judged: judged.filter((_, i) => reasons[i] === undefined), unjudged: [...unjudged, ...lost] }
}

/** Slices handed to the engine at a time. */
const batchSize = 8

/**
 * Runs a model over slices, in order. A slice that is unlike what the model was made for is undetermined, as `analyze` has it; where a
 * slice has a mask, the maps are compared with it.
 * @param model one network for all, or the network for each patient
 * @throws AppError `interrupted`, `engine-failed`, and what the choice of a network throws
 */
export async function judge (
  model: Classifier | ((patient: string) => Fold), items: AsyncIterable<EvaluationItem> | Iterable<EvaluationItem>,
  options: JudgeOptions = {},
): Promise<Judgement> {
  const judged: JudgedSlice[] = []
  const unjudged: UnjudgedSlice[] = []
  let waiting: EvaluationSlice[] = []
  let fold: Partial<Fold> & { readonly classifier: Classifier } | undefined
  const stopIfAsked = (): void => {
    if (options.signal?.aborted === true) throw new AppError('interrupted', 'stopped')
  }
  const flush = async (): Promise<void> => {
    stopIfAsked()
    if (fold === undefined || waiting.length === 0) return
    const { name, classifier } = fold
    const { maps = [classifier.manifest.evidenceLayer === undefined ? 'grad-cam' : 'evidence'] } = options
    const wanted = waiting.some(slice => slice.mask !== undefined) ? maps : []
    const found = await classifier.classify(waiting.map(slice => slice.raster), wanted)
    for (const [i, slice] of waiting.entries()) {
      const { raster: _, mask, ...known } = slice
      const { probability, heatmaps } = found[i]!
      const pointings: Partial<Record<HeatmapMethod, Pointing>> = mask === undefined
        ? {}
        : Object.fromEntries(heatmaps.map(map => [map.method, pointing(map, mask)]))
      const by = name === undefined ? {} : { fold: name }
      judged.push({ ...known, ...by, probability, ...Object.keys(pointings).length > 0 ? { maps: pointings } : {} })
      await options.onJudged?.(slice)
    }
    options.onSlice?.(judged.length + unjudged.length)
    waiting = []
  }
  for await (const item of items) {
    stopIfAsked()
    if ('outcome' in item) {
      unjudged.push(item)
      continue
    }
    const own = typeof model === 'function' ? model(item.patient) : { classifier: model }
    if (own.classifier !== fold?.classifier) await flush()
    fold = own
    const reason = unlikeness(item.raster, own.classifier.manifest)
    if (reason !== undefined) {
      const { raster: _, mask: __, ...known } = item
      unjudged.push({ ...known, outcome: 'undetermined', reason })
      continue
    }
    waiting.push(item)
    if (waiting.length >= batchSize) await flush()
  }
  await flush()
  return { judged, unjudged }
}
