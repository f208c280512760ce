import type { Slice } from '../dicom/slice.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { unlikeness } from '../imaging/out-of-distribution.ts'
import { implausibility } from '../imaging/plausibility.ts'
import { rasterize } from '../imaging/rasterize.ts'
import type { Raster } from '../imaging/raster.ts'
import type { Classifier } from '../model/classifier.ts'
import type { HeatmapMethod, SliceFinding } from '../model/finding.ts'
import type { SliceResult } from '../report/series-findings.ts'

/** What a series is analysed with. */
export interface AnalysisTools {
  readonly classifier: Classifier
  readonly decoder: Pick<Decoder, 'decodeSlice'>
  /** The maps wanted, of every slice. */
  readonly methods: readonly HeatmapMethod[]
  readonly signal?: AbortSignal | undefined
  /** Called after every batch. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Larger batches gain little and cost memory (docs: engines). */
const batchSize = 4

/**
 * Decodes, rasterizes and classifies the slices of one series, and gives what was found in their order. A slice that cannot be decoded or
 * rasterized becomes a `failed` finding and the others go on. While a batch is classified the next one is made ready, and
 * whoever takes the results can work on the last one: no more than these three are in memory.
 * @throws AppError `engine-failed`, `interrupted`
 */
export async function * analyzeSeries (slices: readonly Slice[], tools: AnalysisTools): AsyncGenerator<SliceResult> {
  let next = startBatch(slices, 0, tools)
  for (let start = 0; start < slices.length; start += batchSize) {
    const results = next
    if (tools.signal?.aborted === true) throw new AppError('interrupted', 'the analysis was stopped')
    next = startBatch(slices, start + batchSize, tools)
    yield * await results
    tools.onProgress?.(Math.min(start + batchSize, slices.length), slices.length)
  }
}

/** The batch is under way when this returns; its error is for who awaits it, and of no interest where nobody does. */
function startBatch (slices: readonly Slice[], start: number, tools: AnalysisTools): Promise<SliceResult[]> {
  const results = analyzeBatch(slices.slice(start, start + batchSize), tools)
  results.catch(() => undefined)
  return results
}

async function analyzeBatch (slices: readonly Slice[], tools: AnalysisTools): Promise<SliceResult[]> {
  const rasters = await Promise.all(slices.map(async slice => await tryRasterize(slice, tools)))
  const found = await classify(rasters.filter(isRaster), tools)
  return slices.map((slice, i): SliceResult => {
    const raster = rasters[i]!
    return isRaster(raster)
      ? { slice, finding: found.get(raster)!, toSource: raster.toSource }
      : { slice, finding: raster, toSource: undefined }
  })
}

/** A batch that the engine refuses is tried slice by slice, so that one slice does not cost the others. */
async function classify (rasters: readonly Raster[], tools: AnalysisTools): Promise<Map<Raster, SliceFinding>> {
  const { classifier, methods } = tools
  if (rasters.length === 0) return new Map()
  try {
    const classifications = await classifier.classify(rasters, methods)
    return new Map(rasters.map((raster, i) => [raster, { kind: 'classified', ...classifications[i]! }]))
  } catch (thrown) {
    // an engine that refuses every slice is broken, and its job is to be tried again
    if (rasters.length === 1) throw thrown
  }
  const found = new Map<Raster, SliceFinding>()
  const errors: AppError[] = []
  for (const raster of rasters) {
    try {
      found.set(raster, (await classify([raster], tools)).get(raster)!)
    } catch (thrown) {
      const error = toAppError(thrown)
      errors.push(error)
      found.set(raster, { kind: 'failed', reason: { code: error.code, text: error.message } })
    }
  }
  if (errors.length === rasters.length) throw errors[0]!
  return found
}

/**
 * A raster, or why there is none. Pixels that cannot be a picture, or are unlike what the model was made for, say nothing: that is
 * `undetermined`, not a failure of ours.
 */
async function tryRasterize (slice: Slice, { classifier, decoder }: AnalysisTools): Promise<Raster | SliceFinding> {
  try {
    const stored = await decoder.decodeSlice(slice)
    const implausible = implausibility(stored)
    if (implausible !== undefined) return { kind: 'undetermined', reason: { code: 'implausible-pixels', text: implausible } }
    const raster = rasterize(slice, stored, classifier.manifest.preprocessing)
    const unlike = unlikeness(raster, classifier.manifest)
    return unlike === undefined ? raster : { kind: 'undetermined', reason: unlike }
  } catch (thrown) {
    const error = toAppError(thrown)
    return { kind: 'failed', reason: { code: error.code, text: error.message } }
  }
}

function isRaster (one: Raster | SliceFinding): one is Raster {
  return 'data' in one
}
