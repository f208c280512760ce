import t from 'tap'
import { openOnnxRuntime } from '../../src/model/engines/onnxruntime.ts'
import { openTensorFlow } from '../../src/model/engines/tensorflow.ts'
import { readLayersModel } from '../../src/model/layers-model.ts'
import { layersModelFiles } from '../../src/model/write-layers-model.ts'
import { newTrainee, trainable } from '../../src/training/trainees.ts'
import { agreement, randomNumbers, requireTensorFlow, unsettle } from './support.ts'

const size = 224
/** Whose Grad-CAM is not empty. */
const seeds = { 'evidence-map': 3, 'tsc-cnn': 3, 'inception-v3': 3, 'resnet-50': 5 } as const

for (const architecture of trainable) {
  t.test(`${architecture} at full size: onnxruntime gives what TensorFlow gives`, async t => {
    const tf = await requireTensorFlow(t)
    if (tf === undefined) return
    const { model, gradCamLayer, evidenceLayer } = newTrainee(tf, architecture, { size, seed: seeds[architecture] })
    const files = await layersModelFiles(tf, unsettle(tf, model))
    model.dispose()
    const layers = { gradCamLayer, evidenceLayer }
    const onnx = await openOnnxRuntime(readLayersModel(files), layers, {})
    const tensorflow = await openTensorFlow(files, layers)
    const raster = randomNumbers(size * size * 3, 3)
    const maps = { gradCam: true, saliency: true }
    const found = await onnx.run(raster, 1, maps)
    const expected = await tensorflow.run(raster, 1, maps)
    t.ok(Math.abs(found.probabilities[0]! - expected.probabilities[0]!) < 1e-5, 'probability')
    t.ok(expected.gradCam!.values.some(value => value > 0), 'Grad-CAM is not empty')
    const gradCam = agreement(found.gradCam!.values, expected.gradCam!.values)
    t.ok(gradCam.largest < 2e-5, `Grad-CAM: ${JSON.stringify(gradCam)}`)
    // single pixels differ where ReLU or a maximum is a tie but for rounding
    const saliency = agreement(found.saliency!.values, expected.saliency!.values)
    t.ok(saliency.cosine >= 0.9994, `saliency: ${JSON.stringify(saliency)}`)
    await onnx.close()
    await tensorflow.close()
  })
}
