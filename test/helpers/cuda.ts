import { resolve } from 'node:path'
import { AppError } from '../../src/errors.ts'
import { loadModel } from '../../src/model/load-model.ts'

const tinyModel = resolve(import.meta.dirname, '../../fixtures/tiny-model')

/** Why onnxruntime cannot compute on a GPU here; `undefined` where it can. */
export async function reasonWithoutCuda (): Promise<string | undefined> {
  try {
    const classifier = await loadModel(tinyModel, { engine: 'onnxruntime', device: 'cuda' })
    await classifier.close()
    return undefined
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.facts['device'] === 'cuda') return thrown.message
    throw thrown
  }
}
