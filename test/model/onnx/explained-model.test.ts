import t from 'tap'
import type { SymbolicTensor } from '@tensorflow/tfjs'
import { registerCustomLayers } from '../../../src/model/architectures/custom-layers.ts'
import { openOnnxRuntime } from '../../../src/model/engines/onnxruntime.ts'
import { openTensorFlow } from '../../../src/model/engines/tensorflow.ts'
import type { Layer, LayerGraph } from '../../../src/model/layer-graph.ts'
import { readLayersModel } from '../../../src/model/layers-model.ts'
import type { TensorFlow } from '../../../src/model/tensorflow.ts'
import { layersModelFiles } from '../../../src/model/write-layers-model.ts'
import { agreement, randomNumbers, requireTensorFlow } from '../support.ts'

const allMaps = { gradCam: true, saliency: true }
type Branch = (tf: TensorFlow, input: SymbolicTensor) => SymbolicTensor

const apply = (layer: { apply: (input: never) => unknown }, input: SymbolicTensor | SymbolicTensor[]): SymbolicTensor =>
  layer.apply(input as never) as SymbolicTensor
type ConvolutionOptions = Partial<Parameters<TensorFlow['layers']['conv2d']>[0]>
const convolution = (tf: TensorFlow, input: SymbolicTensor, extra: ConvolutionOptions = {}) =>
  apply(tf.layers.conv2d({
    filters: 5, kernelSize: 3, kernelInitializer: tf.initializers.heNormal({ seed: 4 }), ...extra,
  }), input)

/** Each is put between a first convolution (13×11×5 in, not square and odd on purpose) and a dense head. */
const branches: Record<string, Branch> = {
  'a strided convolution, SAME': (tf, x) => convolution(tf, x, { strides: 2, padding: 'same' }),
  'a strided convolution, VALID': (tf, x) => convolution(tf, x, { strides: [3, 2], padding: 'valid', kernelSize: [2, 3] }),
  'an even kernel, SAME': (tf, x) => convolution(tf, x, { kernelSize: [4, 2], padding: 'same' }),
  'a dilated convolution that does not divide the picture': (tf, x) =>
    apply(registerCustomLayers(tf).dilatedConv2d({ filters: 4, kernelSize: 3, dilationRate: 3 }), x),
  'overlapping max pooling, SAME': (tf, x) => apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x),
  'overlapping max pooling, VALID': (tf, x) => apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 1 }), x),
  'disjoint max pooling that leaves an edge': (tf, x) => apply(tf.layers.maxPooling2d({ poolSize: 2 }), x),
  'disjoint max pooling of what a ReLU gives': (tf, x) =>
    apply(tf.layers.maxPooling2d({ poolSize: 2 }), convolution(tf, x, { activation: 'relu' })),
  'overlapping max pooling of what a ReLU gives': (tf, x) =>
    apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), convolution(tf, x, { activation: 'relu' })),
  'a ReLU that a max pooling and a convolution read': (tf, x) => {
    const rectified = convolution(tf, x, { activation: 'relu', padding: 'same' })
    return apply(tf.layers.concatenate(), [apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 1 }), rectified), convolution(tf, rectified)])
  },
  'Grad-CAM of a layer that a way to the logit passes by': (tf, x) =>
    apply(tf.layers.concatenate(), [convolution(tf, x, { name: 'aside' }), convolution(tf, x, { filters: 2, activation: 'relu' })]),
  'average pooling, SAME': (tf, x) => apply(tf.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }), x),
  'average pooling, VALID': (tf, x) => apply(tf.layers.averagePooling2d({ poolSize: 2, strides: 1 }), x),
  'zero padding': (tf, x) => convolution(tf, apply(tf.layers.zeroPadding2d({ padding: [[1, 2], [3, 0]] }), x), { strides: 2 }),
  'joined branches': (tf, x) => apply(tf.layers.concatenate(), [convolution(tf, x), convolution(tf, x, { filters: 2, activation: 'sigmoid' })]),
  'a residual sum of three': (tf, x) =>
    apply(tf.layers.add(), [x, convolution(tf, x, { padding: 'same' }), convolution(tf, x, { padding: 'same', kernelSize: 1 })]),
  'a normalisation after an activation': (tf, x) => apply(tf.layers.batchNormalization({
    gammaInitializer: tf.initializers.constant({ value: -1.3 }),
    betaInitializer: tf.initializers.constant({ value: 0.2 }),
    movingMeanInitializer: tf.initializers.constant({ value: 0.4 }),
    movingVarianceInitializer: tf.initializers.constant({ value: 2 }),
  }), apply(tf.layers.reLU(), x)),
  'a convolution with a bias folded into its normalisation': (tf, x) => apply(tf.layers.batchNormalization({
    betaInitializer: tf.initializers.constant({ value: 0.2 }), movingMeanInitializer: tf.initializers.constant({ value: 0.4 }),
  }), convolution(tf, x, { biasInitializer: tf.initializers.constant({ value: 0.7 }) })),
  'a reshape of a picture into another': (tf, x) => apply(tf.layers.reshape({ targetShape: [11, 13, 5] }), x),
  dropout: (tf, x) => apply(tf.layers.dropout({ rate: 0.5 }), x),
}

for (const [name, branch] of Object.entries(branches)) {
  t.test(`${name}: forward and backward as TensorFlow's`, async t => {
    const tf = await requireTensorFlow(t)
    if (tf === undefined) return
    const input = tf.input({ shape: [13, 11, 3], name: 'input' })
    const first = convolution(tf, input, { name: 'first', padding: 'same', activation: 'relu' })
    const middle = branch(tf, first)
    const mapped = apply(tf.layers.activation({ name: 'mapped', activation: 'linear' }), middle)
    const flat = apply(tf.layers.flatten(), mapped)
    const hidden = apply(tf.layers.dense({ units: 3, activation: 'sigmoid', kernelInitializer: tf.initializers.glorotNormal({ seed: 9 }) }), flat)
    const means = apply(tf.layers.globalAveragePooling2d({}), mapped)
    const both = apply(tf.layers.concatenate(), [hidden, means])
    // one dense unit with its own sigmoid: the logit is inside the layer
    const output = apply(tf.layers.dense({ name: 'output', units: 1, activation: 'sigmoid', kernelInitializer: tf.initializers.glorotNormal({ seed: 5 }) }), both)
    const model = tf.model({ inputs: input, outputs: output })
    const files = await layersModelFiles(tf, model)
    const layers = { gradCamLayer: model.layers.some(layer => layer.name === 'aside') ? 'aside' : 'first' }
    const onnx = await openOnnxRuntime(readLayersModel(files), layers, { threads: 1 })
    const reference = await openTensorFlow(files, layers)
    const rasters = randomNumbers(2 * 13 * 11 * 3, 31)
    const found = await onnx.run(rasters, 2, allMaps)
    const expected = await reference.run(rasters, 2, allMaps)
    t.ok(agreement(found.logits, expected.logits).largest < 1e-4, 'logit')
    t.ok(agreement(found.probabilities, expected.probabilities).largest < 1e-5, 'probability')
    t.ok(agreement(found.gradCam!.values, expected.gradCam!.values).largest < 1e-4, 'Grad-CAM')
    t.ok(agreement(found.saliency!.values, expected.saliency!.values).relativeError < 1e-3, 'saliency')
    await onnx.close()
    await reference.close()
    model.dispose()
  })
}

const input: Layer = { name: 'input', operation: { kind: 'input' }, inputs: [], shape: [2, 2, 1] }
/** Sum of four cells with the weights 1, 2, 3, −4. */
function linearGraph (name: string): LayerGraph {
  return {
    name: 'linear',
    input: 'input',
    logit: 'logit',
    layers: [
      input,
      { name, operation: { kind: 'activation', activation: 'relu' }, inputs: ['input'], shape: [2, 2, 1] },
      { name: 'flat', operation: { kind: 'reshape' }, inputs: [name], shape: [4] },
      { name: 'logit', operation: { kind: 'dense', kernel: { shape: [4, 1], values: Float32Array.of(1, 2, 3, -4) } }, inputs: ['flat'], shape: [1] },
    ],
  }
}

for (const name of ['raster', 'op:Relu 0', 'const:float 0', 'layer:input', 'saliency', 'want saliency', 'grad-cam', 'gradient']) {
  t.test(`a layer named ${name} does not collide with the exporter's own names`, async t => {
    const engine = await openOnnxRuntime(linearGraph(name), { gradCamLayer: name }, {})
    const { logits, saliency, gradCam } = await engine.run(Float32Array.of(1, 1, -1, 0.5), 1, allMaps)
    t.same(logits, Float32Array.of(1), '1·1 + 2·1 + 3·0 − 4·½')
    t.same(saliency!.values, Float32Array.of(1, 2, 0, 4), 'absolute weights, none where ReLU is shut')
    t.same(gradCam!.values, Float32Array.of(0.5, 0.5, 0, 0.25), 'the mean gradient ½ times the activation')
    await engine.close()
  })
}

t.test('equal cells: the gradient of a max pooling reaches one of them, not all', async t => {
  const graph: LayerGraph = {
    name: 'ties',
    input: 'input',
    logit: 'logit',
    layers: [
      input,
      { name: 'pool', operation: { kind: 'max-pooling', poolSize: [2, 2], strides: [2, 2], padding: 'valid' }, inputs: ['input'], shape: [1, 1, 1] },
      { name: 'flat', operation: { kind: 'reshape' }, inputs: ['pool'], shape: [1] },
      { name: 'logit', operation: { kind: 'dense', kernel: { shape: [1, 1], values: Float32Array.of(3) } }, inputs: ['flat'], shape: [1] },
    ],
  }
  const engine = await openOnnxRuntime(graph, { gradCamLayer: 'pool' }, {})
  const { saliency } = await engine.run(Float32Array.of(0.5, 0.5, 0.5, 0.5), 1, allMaps)
  t.same([...saliency!.values].sort(), [0, 0, 0, 3])
  await engine.close()
})

t.test('the smooth maximum of 0, 0, 0, 1 at sharpness 2 is ln((3 + e²) / 4) / 2', async t => {
  const graph: LayerGraph = {
    name: 'smooth',
    input: 'input',
    logit: 'pooled',
    layers: [input, { name: 'pooled', operation: { kind: 'log-mean-exp', sharpness: 2 }, inputs: ['input'], shape: [1] }],
  }
  const engine = await openOnnxRuntime(graph, { gradCamLayer: 'input', evidenceLayer: 'input' }, {})
  const { logits, saliency, evidence } = await engine.run(Float32Array.of(0, 0, 0, 1), 1, allMaps)
  t.ok(Math.abs(logits[0]! - Math.log((3 + Math.exp(2)) / 4) / 2) < 1e-6)
  const sum = 3 + Math.exp(2)
  t.ok(agreement(saliency!.values, Float32Array.of(1 / sum, 1 / sum, 1 / sum, Math.exp(2) / sum)).largest < 1e-6, 'its slope is the softmax')
  t.same(evidence!.values, Float32Array.of(0, 0, 0, 1))
  await engine.close()
})

t.test('a map of a layer that the logit does not read is refused', async t => {
  const graph = linearGraph('relu')
  const stray: Layer = { name: 'stray', operation: { kind: 'identity' }, inputs: ['input'], shape: [2, 2, 1] }
  await t.rejects(openOnnxRuntime({ ...graph, layers: [...graph.layers, stray] }, { gradCamLayer: 'stray' }, {}),
    { code: 'model-invalid', facts: { layer: 'stray' } })
})

t.test('maps through a strided average pooling are refused', async t => {
  const graph: LayerGraph = {
    ...linearGraph('relu'),
    layers: [
      input,
      { name: 'pool', operation: { kind: 'average-pooling', poolSize: [2, 2], strides: [2, 2], padding: 'valid' }, inputs: ['input'], shape: [1, 1, 1] },
      { name: 'flat', operation: { kind: 'reshape' }, inputs: ['pool'], shape: [1] },
      { name: 'logit', operation: { kind: 'dense', kernel: { shape: [1, 1], values: Float32Array.of(3) } }, inputs: ['flat'], shape: [1] },
    ],
  }
  await t.rejects(openOnnxRuntime(graph, { gradCamLayer: 'pool' }, {}), { code: 'model-invalid' })
})
