import { AppError } from '../errors.ts'
import type { Raster } from '../imaging/raster.ts'
import { type LoadOptions, loadModel } from './load-model.ts'

/** What a model gives for two pictures that are no slices. */
export interface Verified { readonly name: string, readonly engine: string, readonly black: number, readonly ramp: number }

/**
 * Runs a model as it will be used: from its folder, on the engine that is named or would be taken, with both maps.
 * @throws AppError `model-invalid`, `engine-unavailable`, `engine-failed` for numbers that are not finite
 */
export async function verifyModel (directory: string, options: LoadOptions = { engine: 'auto' }): Promise<Verified> {
  const classifier = await loadModel(directory, options)
  try {
    const { width, height, range: [black, white] } = classifier.manifest.preprocessing
    const raster = (value: (column: number) => number): Raster => ({
      width,
      height,
      channels: 3,
      data: Float32Array.from({ length: width * height * 3 }, (_, index) => value(Math.floor(index / 3) % width)),
      toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 },
    })
    const slices = [raster(() => black), raster(column => black + (white - black) * column / width)]
    const [first, second] = await classifier.classify(slices, ['grad-cam', 'saliency'])
    if (first === undefined || second === undefined) throw new AppError('engine-failed', 'the network gave no probability')
    for (const { method, values } of [...first.heatmaps, ...second.heatmaps]) {
      if (!values.every(Number.isFinite)) throw new AppError('engine-failed', `the network's ${method} holds numbers that are not finite`)
    }
    const { name, version } = classifier.manifest
    return { name: `${name} ${version}`, engine: classifier.engine, black: first.probability, ramp: second.probability }
  } finally {
    await classifier.close()
  }
}
