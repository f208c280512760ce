import { AppError } from '../errors.ts'
import type { Raster } from '../imaging/raster.ts'
import type { Classification, Classifier } from './classifier.ts'
import type { Engine, EngineOutput, RawMaps } from './engines/engine.ts'
import type { Heatmap, HeatmapMethod } from './finding.ts'
import { heatmapOf } from './heatmap.ts'
import type { ModelManifest } from './manifest.ts'

/** A network on an engine; see `loadModel`. */
export class NetworkClassifier implements Classifier {
  readonly manifest: ModelManifest
  readonly sha256: string
  readonly #engine: Engine
  #closed = false

  constructor (manifest: ModelManifest, sha256: string, engine: Engine) {
    this.manifest = manifest
    this.sha256 = sha256
    this.#engine = engine
  }

  get engine (): string {
    return this.#engine.name
  }

  /** @throws AppError `engine-failed` for a raster of another size, a network without the map asked for, or numbers that are not finite */
  async classify (rasters: readonly Raster[], methods: readonly HeatmapMethod[]): Promise<Classification[]> {
    if (this.#closed) throw new AppError('engine-failed', 'the model is closed')
    if (methods.includes('evidence') && this.manifest.evidenceLayer === undefined) {
      throw new AppError('engine-failed', `the model ${this.manifest.name} has no evidence map`, { model: this.manifest.name })
    }
    for (const raster of rasters) this.#checkSize(raster)
    const { batchSize } = this.#engine
    const maps = { gradCam: methods.includes('grad-cam'), saliency: methods.includes('saliency') }
    const batches = Array.from({ length: Math.ceil(rasters.length / batchSize) },
      (_, index) => rasters.slice(index * batchSize, (index + 1) * batchSize))
    // all at once: an engine in a thread of its own then never waits for this one
    const classified = await Promise.all(batches.map(async batch => {
      const output = await this.#engine.run(joined(batch), batch.length, maps)
      return batch.map((raster, index) => classificationOf(output, index, raster, methods))
    }))
    return classified.flat()
  }

  async close (): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#engine.close()
  }

  #checkSize ({ width, height, channels, data }: Raster): void {
    const { preprocessing } = this.manifest
    const fits = width === preprocessing.width && height === preprocessing.height && channels === 3
    if (!fits || data.length !== width * height * channels) {
      throw new AppError('engine-failed',
        `the model reads rasters of ${preprocessing.width}×${preprocessing.height}×3, not ${width}×${height}×${channels}`, { width, height, channels })
    }
  }
}

function joined (rasters: readonly Raster[]): Float32Array {
  const data = new Float32Array(rasters.reduce((sum, raster) => sum + raster.data.length, 0))
  let offset = 0
  for (const raster of rasters) {
    data.set(raster.data, offset)
    offset += raster.data.length
  }
  return data
}

function classificationOf (output: EngineOutput, index: number, size: Raster, methods: readonly HeatmapMethod[]): Classification {
  const probability = output.probabilities[index]
  if (probability === undefined || !Number.isFinite(probability)) {
    throw new AppError('engine-failed', 'the network gave no finite probability')
  }
  const raw: Readonly<Record<HeatmapMethod, RawMaps | undefined>> = {
    'grad-cam': output.gradCam, saliency: output.saliency, evidence: output.evidence,
  }
  const heatmaps = methods.flatMap((method): Heatmap[] => {
    const maps = raw[method]
    if (maps === undefined) return []
    const cells = maps.width * maps.height
    const values = maps.values.subarray(index * cells, (index + 1) * cells)
    return [heatmapOf(method, { ...maps, values }, { width: size.width, height: size.height })]
  })
  return { probability, heatmaps }
}
