import { createRequire } from 'node:module'
import { AppError } from '../errors.ts'

/** The whole of TensorFlow.js, as tfjs-node exports it. */
export type TensorFlow = typeof import('@tensorflow/tfjs')

/**
 * Loads tfjs-node, an optional dependency. The cpu and wasm backends of TensorFlow.js are never used for results: their
 * gradient of average pooling is wrong.
 * @throws AppError `engine-unavailable` where it is not installed or its binding was not built
 */
export async function loadTensorFlow (): Promise<TensorFlow> {
  // tfjs-node still calls two helpers that Node 22 warns of and Node 24 no longer has
  const legacy = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  legacy['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined
  legacy['isArray'] = Array.isArray
  // keeps the C library from writing its notes on the processor to standard error
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  try {
    const loaded = await import('@tensorflow/tfjs-node') as unknown as TensorFlow & { default?: TensorFlow }
    const tf = 'layers' in loaded ? loaded : (loaded as { default: TensorFlow }).default
    await tf.ready()
    if (tf.getBackend() !== 'tensorflow') throw new Error(`the backend in use is ${tf.getBackend()}`)
    return tf
  } catch (cause) {
    throw new AppError('engine-unavailable',
      'TensorFlow is not installed here: run `node scripts/install-tensorflow.mjs`, or use the engine onnxruntime.', {}, { cause })
  }
}

/** The release of the binding: `tfjs-node 4.22.0`. */
export function tensorFlowVersion (): string {
  const { version } = createRequire(import.meta.url)('@tensorflow/tfjs-node/package.json') as { version: string }
  return `tfjs-node ${version}`
}
