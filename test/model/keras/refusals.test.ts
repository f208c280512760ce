import t from 'tap'
import { assignWeights } from '../../../src/model/keras/assign-weights.ts'
import { flattenModel } from '../../../src/model/keras/flatten-model.ts'
import { importKeras } from '../../../src/model/keras/keras-import.ts'
import {
  type KerasFileContent, type LayerJson, convolution, convolutionWeights, functional, kerasFile, layer, mean, picture, small, stored, tuber, tuberWeights,
} from './support.ts'

type Meaning = { positiveClass: number } | { sigmoidPositive: 'tuber' | 'control' }

const importing = async (content: KerasFileContent, meaning: Meaning = { sigmoidPositive: 'tuber' }) =>
  await importKeras(await kerasFile(content), { size: 4, ...meaning })

/** The small network with other layers. */
const withLayers = (...layers: LayerJson[]): KerasFileContent => ({ ...small, config: functional(layers) })
const changed = (from: LayerJson, config: object): LayerJson => ({ ...from, config: { ...from.config, ...config } })
const dropped = layer('Dropout', 'drop', { rate: 0.5 }, 'mean')
const kinds: [string, KerasFileContent, RegExp][] = [
  ['a model of another class', { ...small, config: { class_name: 'Sequence', config: {} } }, /the model is a Sequence/],
  ['a description of nothing', { ...small, config: [] }, /no class_name and config/],
  ['a model without layers', { ...small, config: { class_name: 'Sequential', config: { layers: [] } } }, /model sequential: its layers/],
  ['a Lambda', withLayers(picture, layer('Lambda', 'secret', { function: 'code' }, 'picture')), /layer secret is a Lambda/],
  ['a layer of Keras 1', withLayers(picture, layer('Convolution2D', 'old', {}, 'picture')), /layer old is a Convolution2D/],
  ['an operation of TensorFlow', withLayers(picture, { ...layer('TFOpLambda', 'tf.math', {}), inbound_nodes: [['picture', 0, 0, { y: 2 }]] }), /layer tf\.math is a TFOpLambda/],
  ['a shared layer', withLayers(picture, { ...convolution, inbound_nodes: [[['picture', 0, 0, {}]], [['picture', 0, 0, {}]]] }, mean, tuber), /layer conv is used 2 times/],
  ['a second tensor', withLayers(picture, { ...convolution, inbound_nodes: [[['picture', 0, 1, {}]]] }), /layer conv reads an output of picture beyond its first/],
  ['a call as in training', withLayers(picture, convolution, mean, { ...dropped, inbound_nodes: [[['mean', 0, 0, { training: true }]]] }), /layer drop is called with training=True/],
  ['a call as in training, of Keras 3', withLayers(picture, convolution, mean, {
    ...dropped,
    inbound_nodes: [{ args: [{ class_name: '__keras_tensor__', config: { keras_history: ['mean', 0, 0] } }], kwargs: { training: true } }],
  }), /layer drop is called with training=True/],
  ['a layer before what it reads', withLayers(picture, mean, convolution), /layer mean reads conv, which does not stand before it/],
  ['a layer that reads nothing', withLayers(picture, layer('Flatten', 'flat', {})), /layer flat reads nothing/],
  ['two layers of one name', withLayers(picture, convolution, convolution), /two layers are named conv/],
  ['a second input', withLayers(picture, layer('InputLayer', 'age', { batch_input_shape: [null, 1] }), convolution), /second input, age/],
  ['two outputs', {
    ...small, config: {
      class_name: 'Model', config: {
        layers: [picture, convolution], input_layers: [['picture', 0, 0]], output_layers: [['conv', 0, 0], ['conv', 0, 0]],
      },
    },
  }, /model model needs one output/],
  ['an output that is not there', {
    ...small, config: {
      class_name: 'Model', config: {
        layers: [picture, convolution], input_layers: [['picture', 0, 0]], output_layers: [['mean', 0, 0]],
      },
    },
  }, /model model has no output/],
  ['a nested model of two inputs', withLayers(picture, layer('Functional', 'inner', functional([picture]).config, 'picture', 'picture')), /model inner needs one input/],
  ['groups', withLayers(picture, changed(convolution, { groups: 3 }), mean, tuber), /layer conv \(Conv2D\): its setting groups/],
  ['an activation beyond ours', withLayers(picture, changed(convolution, { activation: 'elu' }), mean, tuber), /layer conv \(Conv2D\): its setting activation/],
  ['channels first', withLayers(picture, changed(convolution, { data_format: 'channels_first' }), mean, tuber), /setting data_format/],
  ['a bounded ReLU', withLayers(picture, convolution, layer('ReLU', 'relu', { max_value: 6 }, 'conv'), changed({ ...mean, inbound_nodes: [[['relu', 0, 0, {}]]] }, {}), tuber), /layer relu \(ReLU\): its setting max_value/],
  ['a linear end', withLayers(picture, convolution, mean, changed(tuber, { activation: 'linear' })), /must end in one sigmoid or two softmax units; its last layer tuber/],
  ['an end without units', withLayers(picture, convolution), /its last layer conv does not/],
  ['a sigmoid of a sigmoid', withLayers(picture, convolution, mean, tuber, layer('Activation', 'again', { activation: 'sigmoid' }, 'tuber')), /its last layer again does not/],
  ['no picture', withLayers(layer('InputLayer', 'vector', { batch_input_shape: [null, 3] })), /last layer vector does not/],
  ['an input without channels', withLayers(changed(picture, { batch_input_shape: [null, 4, 4, null] }), convolution, mean, tuber), /layer picture: the network does not read pictures/],
]
for (const [what, content, message] of kinds) {
  t.test(`refuses ${what}, in words`, async t => {
    await t.rejects(importing(content), { code: 'model-invalid', message })
  })
}

t.test('refuses models within models without end', async t => {
  let config: object = functional([picture])
  for (let depth = 0; depth < 40; depth++) config = functional([picture, layer('Functional', `m${depth}`, (config as { config: object }).config as Record<string, unknown>, 'picture')])
  t.throws(() => flattenModel(config), { code: 'model-invalid', message: /16 models deep/ })
})

t.test('refuses weights that do not fit the network', async t => {
  const refused = async (layers: KerasFileContent['layers'], message: RegExp): Promise<void> => {
    await t.rejects(importing({ ...small, layers }), { code: 'model-invalid', message })
  }
  await refused({ conv: convolutionWeights }, /the file has no weights of layer tuber/)
  await refused({ conv: { 'conv/kernel:0': stored([3, 3, 3, 2]) }, tuber: tuberWeights }, /layer conv: the file has 1 weights, the network 2/)
  await refused({ conv: convolutionWeights, tuber: { ...tuberWeights, 'tuber/kernel:0': stored([2]) } }, /layer tuber: its kernel has 1 axes instead of 2/)
  await refused({ conv: { ...convolutionWeights, 'conv/bias:0': { shape: [2], values: [0, NaN] } }, tuber: tuberWeights }, /layer conv: its bias holds numbers that are not finite/)
  await refused({ conv: { ...convolutionWeights, 'conv/kernel:0': stored([3, 3, 4, 2]) }, tuber: tuberWeights }, /layer conv.*its kernel reads 4 channels, the input has 3/)
  await refused({ conv: { ...convolutionWeights, 'conv/bias:0': stored([3]) }, tuber: tuberWeights }, /layer conv.*bias does not fit/)
})

t.test('refuses ends whose classes cannot be told', async t => {
  const two = (activation: string, units: number): KerasFileContent => ({
    config: functional([picture, convolution, mean, changed(tuber, { units, activation })]),
    layers: { conv: convolutionWeights, tuber: { 'tuber/kernel:0': stored([2, units]), 'tuber/bias:0': stored([units]) } },
  })
  await t.rejects(importing(two('sigmoid', 2)), { code: 'model-invalid', message: /ends in 2 sigmoid units/ })
  await t.rejects(importing(two('softmax', 3), { positiveClass: 1 }), { code: 'model-invalid', message: /tells 3 classes apart/ })
  await t.rejects(importing(two('softmax', 2)), { code: 'usage', message: /two softmax units: give --positive-class, not/ })
  const found = await importing(two('softmax', 2), { positiveClass: 0 })
  t.equal(found.parameters, 54 + 2 + 2 + 1, 'two units become one')
})

t.test('a network that reads one channel is not for this program', async t => {
  const gray = changed(picture, { batch_input_shape: [null, 4, 4, 1] })
  const layers = { conv: { 'conv/kernel:0': stored([3, 3, 1, 2]), 'conv/bias:0': stored([2]) }, tuber: tuberWeights }
  await t.rejects(importing({ config: functional([gray, convolution, mean, tuber]), layers }), { code: 'model-invalid', message: /reads 1 channels/ })
})

t.test('a network without a convolution has nothing that Grad-CAM could weigh', async t => {
  const layers = { tuber: { 'tuber/kernel:0': stored([3, 1]), 'tuber/bias:0': stored([1]) } }
  const config = functional([picture, { ...mean, inbound_nodes: [[['picture', 0, 0, {}]]] }, tuber])
  await t.rejects(importing({ config, layers }), { code: 'model-invalid', message: /no convolution/ })
})

t.test('normalisation along another axis, or of weights of two lengths, is refused', async t => {
  const normalization = (config: object) => functional([
    picture, convolution, layer('BatchNormalization', 'bn', { epsilon: 0.001, center: true, scale: false, ...config }, 'conv'),
    { ...mean, inbound_nodes: [[['bn', 0, 0, {}]]] }, tuber,
  ])
  const weights = (length: number) => ({
    conv: convolutionWeights,
    bn: { 'bn/beta:0': stored([2]), 'bn/moving_mean:0': stored([2]), 'bn/moving_variance:0': { shape: [length], values: [1, 2, 3].slice(0, length) } },
    tuber: tuberWeights,
  })
  await t.resolves(importing({ config: normalization({ axis: [3] }), layers: weights(2) }))
  await t.rejects(importing({ config: normalization({ axis: [1] }), layers: weights(2) }), { code: 'model-invalid', message: /layer bn .*setting axis/ })
  await t.rejects(importing({ config: normalization({ axis: 3, renorm: true }), layers: weights(2) }), { code: 'model-invalid', message: /layer bn .*setting renorm/ })
  await t.rejects(importing({ config: normalization({ axis: 3 }), layers: weights(3) }), { code: 'model-invalid', message: /layer bn: its weights differ in length/ })
})

t.test('names that stand twice are told apart by their model\'s', async t => {
  const inner = { layers: [picture, convolution, { ...convolution, name: 'more', inbound_nodes: [[['conv', 0, 0, {}]]] }], name: 'inner' }
  const nested = (name: string, input: string) => layer('Functional', name, functional(inner.layers, name).config, input)
  const { layers } = flattenModel(functional([picture, convolution, nested('a', 'conv'), nested('b', 'a'), nested('conv_conv', 'b')]))
  const names = layers.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  t.same(names, ['picture', 'conv', 'a_conv', 'more', 'b_conv', 'b_more', 'conv_conv_conv', 'conv_conv_more'])
  t.same(layers.map(({ source }) => source.group), ['picture', 'conv', 'a', 'a', 'b', 'b', 'conv_conv', 'conv_conv'])
})

t.test('a Sequential may tell its input in its first layer, within its first layer, or beside its layers', async t => {
  const entry = (className: string, config: object) => ({ class_name: className, config })
  const conv = convolution.config
  const shapeOf = (config: object) => flattenModel({ class_name: 'Sequential', config }).layers[0]?.config['shape']
  t.same(shapeOf({ layers: [entry('Conv2D', { ...conv, batch_input_shape: [null, 4, 4, 3] })] }), [null, 4, 4, 3])
  t.same(shapeOf([entry('Sequential', { layers: [entry('Conv2D', { ...conv, batch_shape: [null, 5, 5, 3] })] })]), [null, 5, 5, 3])
  t.same(shapeOf({ layers: [entry('Conv2D', conv)], build_input_shape: [null, 6, 6, 3] }), [null, 6, 6, 3])
  t.same(shapeOf({ layers: [entry('Functional', functional([picture]).config)] }), [null, 4, 4, 3])
})

t.test('weights whose names say nothing are taken in Keras\'s order: what trains first', async t => {
  const network = flattenModel(functional([picture, layer('Functional', 'inner', functional([
    picture,
    changed(convolution, { trainable: false }),
    layer('BatchNormalization', 'bn', { epsilon: 0.001 }, 'conv'),
  ]).config, 'picture')]))
  const file = (weights: readonly (readonly [string, readonly number[]])[]) =>
    new Map([['inner', weights.map(([name, shape], index) => ({ name, shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(index) }))]])
  const vector = [2] as const
  const numbered = assignWeights(network.layers, file([
    ['bn_1_1/gamma:0', vector], ['bn_1_1/beta:0', vector], ['conv_1_1/kernel:0', [1, 1, 3, 2]], ['conv_1_1/bias:0', vector],
    ['bn_1_1/moving_mean:0', vector], ['bn_1_1/moving_variance:0', vector],
  ]))
  t.same(Object.fromEntries([...numbered].map(([name, { values }]) => [name, values[0]])), {
    'bn/gamma': 0, 'bn/beta': 1, 'conv/kernel': 2, 'conv/bias': 3, 'bn/moving_mean': 4, 'bn/moving_variance': 5,
  })
  const named = assignWeights(network.layers, file([
    ['inner/bn/moving_variance', vector], ['inner/bn/moving_mean', vector], ['inner/conv/bias', vector], ['inner/conv/kernel', [1, 1, 3, 2]],
    ['inner/bn/beta', vector], ['inner/bn/gamma', vector],
  ]))
  t.same(Object.fromEntries([...named].map(([name, { values }]) => [name, values[0]])), {
    'bn/gamma': 5, 'bn/beta': 4, 'conv/kernel': 3, 'conv/bias': 2, 'bn/moving_mean': 1, 'bn/moving_variance': 0,
  })
})
