import { shippedModelDir } from '../../analysis/software.ts'
import type { Config } from '../../config.ts'
import { toAppError } from '../../errors.ts'
import { verifyModel } from '../../model/verify-model.ts'
import { type Check, failure, ok, warning } from './check.ts'

/** Loads the model as the service does, every file against its hash, and runs it once with its maps. */
export async function checkModel (
  { modelDir = shippedModelDir(), engine, device }: Pick<Config['analysis'], 'modelDir' | 'engine' | 'device'>,
): Promise<Check[]> {
  const area = 'model'
  const began = performance.now()
  try {
    const verified = await verifyModel(modelDir, { engine, device })
    const found = `${verified.name} loads with its hashes and gives maps on ${verified.engine}; ${((performance.now() - began) / 1000).toFixed(1)} s with the loading`
    return [engine === 'auto' && verified.engine.startsWith('tensorflow')
      ? warning(area, found, 'onnxruntime cannot be loaded on this machine; install it for shorter analyses')
      : ok(area, found)]
  } catch (thrown) {
    const { code, message, facts } = toAppError(thrown)
    if (facts['device'] !== undefined) return [failure(area, message, 'set TUBERLENS_DEVICE=cpu, or install what is missing')]
    return [failure(area, message, code === 'engine-unavailable'
      ? 'install tuberlens anew with npm ci, on a platform that onnxruntime has a binary for'
      : 'let TUBERLENS_MODEL_DIR name a whole model folder, or install tuberlens anew')]
  }
}
