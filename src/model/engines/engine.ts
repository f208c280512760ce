/** A computation library that a loaded model runs on. */
export const engineNames = ['onnxruntime', 'tensorflow'] as const
export type EngineName = typeof engineNames[number]

/** What onnxruntime computes on. Of several GPUs it takes the first that CUDA_VISIBLE_DEVICES shows. */
export const deviceNames = ['cpu', 'cuda'] as const
export type DeviceName = typeof deviceNames[number]

/** The maps to compute besides the probability; saliency costs a whole backward pass. */
export interface WantedMaps { readonly gradCam: boolean, readonly saliency: boolean }

/** One picture per slice, one after another, as computed: not normalised. */
export interface RawMaps { readonly width: number, readonly height: number, readonly values: Float32Array }

export interface EngineOutput {
  /** One per slice, 0..1. */
  readonly probabilities: Float32Array
  /** One per slice, before the sigmoid. */
  readonly logits: Float32Array
  /** ReLU(Σ mean gradient · activation), at the size of the activation. */
  readonly gradCam?: RawMaps
  /** The largest |∂logit/∂input| over the channels, at the size of the raster. */
  readonly saliency?: RawMaps
  /** The network's own map, in logits, where it has one. */
  readonly evidence?: RawMaps
}

/** A network ready to run. Calls may overlap; they are computed one after another. */
export interface Engine {
  /** Library and version: `onnxruntime 1.30.0`. */
  readonly name: string
  /** The number of slices that it computes best in one run. */
  readonly batchSize: number
  /**
   * @param rasters `count` rasters one after another, each rows, columns, channels
   * @throws AppError `engine-failed`
   */
  run (rasters: Float32Array, count: number, maps: WantedMaps): Promise<EngineOutput>
  close (): Promise<void>
}

export interface EngineOptions {
  /** Threads that one run may use; `defaultThreads` where absent. */
  readonly threads?: number | undefined
  /** `cpu` where absent. */
  readonly device?: DeviceName | undefined
}
