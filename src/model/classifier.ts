import type { Raster } from '../imaging/raster.ts'
import type { Heatmap, HeatmapMethod } from './finding.ts'
import type { ModelManifest } from './manifest.ts'

export interface Classification {
  /** of the tuber class, 0..1 */
  readonly probability: number
  readonly heatmaps: readonly Heatmap[]
}

/** A loaded model on one engine. Calls may overlap: the engine computes the next while the answer to the last is made use of. */
export interface Classifier {
  readonly manifest: ModelManifest
  /** sha256 over manifest and weights: the identity of the model in reports. */
  readonly sha256: string
  /** `onnxruntime` or `tensorflow`, with its version: `onnxruntime 1.30.0`. */
  readonly engine: string
  /**
   * @param rasters of the manifest's input size
   * @param methods the maps wanted; an empty list gives probabilities alone, faster
   * @throws AppError `engine-failed`
   */
  classify (rasters: readonly Raster[], methods: readonly HeatmapMethod[]): Promise<Classification[]>
  close (): Promise<void>
}
