import t from 'tap'
import { type Layer, layerOf } from '../../src/model/layer-graph.ts'
import { readLayersModel } from '../../src/model/layers-model.ts'
import { modelFiles, tinyModel } from './support.ts'

interface Spec { name: string, shape: number[], dtype?: string, quantization?: object }
interface LayerJson { class_name: string, name?: string, config: Record<string, unknown>, inbound_nodes?: unknown }

function filesOf (topology: object, weights: readonly Spec[], bytes: Uint8Array, paths = ['w.bin']): Map<string, Uint8Array> {
  const specs = weights.map(spec => ({ dtype: 'float32', ...spec }))
  const json = { modelTopology: topology, weightsManifest: [{ paths, weights: specs }] }
  const each = Math.ceil(bytes.length / paths.length)
  return new Map([
    ['model.json', Buffer.from(JSON.stringify(json))],
    ...paths.map((path, index) => [path, bytes.subarray(index * each, (index + 1) * each)] as const),
  ])
}

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer)
const denseSpecs = [{ name: 'out/kernel', shape: [4, 1] }, { name: 'out/bias', shape: [1] }]
const flatten: LayerJson = { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 2, 2, 1] } }
const out: LayerJson = { class_name: 'Dense', config: { name: 'out', use_bias: true, activation: 'sigmoid' } }
const sequential = (...layers: LayerJson[]) => ({ class_name: 'Sequential', config: { name: 'net', layers } })
const kernelOf = (layer: Layer) => layer.operation.kind === 'dense' || layer.operation.kind === 'convolution' ? layer.operation.kernel : undefined

t.test('reads a Sequential model: its input, and a fused sigmoid as a layer of its own', async t => {
  const graph = readLayersModel(filesOf(sequential(flatten, out), denseSpecs, floats(1, 2, 3, 4, 5)))
  t.same(graph.layers.map(({ name, inputs, shape }) => [name, inputs, shape]), [
    ['input', [], [2, 2, 1]],
    ['flat', ['input'], [4]],
    ['out/linear', ['flat'], [1]],
    ['out', ['out/linear'], [1]],
  ])
  t.equal(graph.logit, 'out/linear')
  t.same(kernelOf(layerOf(graph, 'out/linear')), { shape: [4, 1], values: Float32Array.of(1, 2, 3, 4) })
})

t.test('reads the form that Keras\'s converter writes, with weights across shards', async t => {
  const topology = { keras_version: '2.15.0', backend: 'tensorflow', model_config: { class_name: 'Sequential', config: [flatten, out] } }
  const graph = readLayersModel(filesOf(topology, denseSpecs, floats(1, 2, 3, 4, 5), ['a.bin', 'b.bin', 'c.bin']))
  t.same(kernelOf(layerOf(graph, 'out/linear'))?.values, Float32Array.of(1, 2, 3, 4))
})

t.test('reads the functional tiny model', async t => {
  const graph = readLayersModel(await modelFiles(tinyModel))
  t.equal(graph.logit, 'logit')
  t.same(layerOf(graph, 'evidence').shape, [28, 28, 1])
  t.same(layerOf(graph, 'context_add').inputs, ['block4_relu3', 'context_reshape'])
  t.same(layerOf(graph, 'block4_conv3').operation.kind, 'convolution')
  t.throws(() => layerOf(graph, 'nowhere'), { message: 'no layer nowhere' })
})

t.test('widens quantised weights', async t => {
  const read = (quantization: object, bytes: Uint8Array) => {
    const specs = [{ name: 'out/kernel', shape: [4, 1], quantization }, { name: 'out/bias', shape: [0] }]
    const layers = [flatten, { ...out, config: { ...out.config, use_bias: false } }]
    return kernelOf(layerOf(readLayersModel(filesOf(sequential(...layers), specs, bytes)), 'out/linear'))?.values
  }
  t.same(read({ dtype: 'uint8', min: -1, scale: 0.5 }, Uint8Array.of(0, 2, 4, 255)), Float32Array.of(-1, 0, 1, 126.5))
  t.same(read({ dtype: 'uint16', min: 1, scale: 0.25 }, Uint8Array.of(0, 0, 4, 0, 0, 1, 0xff, 0xff)), Float32Array.of(1, 2, 65, 16384.75))
  // IEEE 754: 1, −2, the smallest subnormal, the largest number
  t.same(read({ dtype: 'float16' }, Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b)), Float32Array.of(1, -2, 2 ** -24, 65504))
  t.same(read({ dtype: 'float16' }, Uint8Array.of(0x00, 0x7c, 0x00, 0xfc, 0x00, 0x7e, 0x00, 0x80)), Float32Array.of(Infinity, -Infinity, NaN, -0))
})

t.test('a normalisation becomes scale and shift', async t => {
  const layers: LayerJson[] = [
    {
      class_name: 'BatchNormalization',
      config: { name: 'bn', axis: [3], epsilon: 0.01, center: true, scale: true, batch_input_shape: [null, 2, 2, 1] },
    },
    { class_name: 'Flatten', config: { name: 'flat' } },
    out,
  ]
  const specs = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(name => ({ name: `bn/${name}`, shape: [1] }))
  const graph = readLayersModel(filesOf(sequential(...layers), [...specs, ...denseSpecs], floats(3, 0.5, 2, 0.24, 1, 2, 3, 4, 5)))
  // γ / √(0.24 + 0.01) = 6; β − 2 · 6 = −11.5
  const { operation } = layerOf(graph, 'bn')
  t.ok(operation.kind === 'affine' && Math.abs(operation.scale[0]! - 6) < 1e-6 && Math.abs(operation.shift[0]! + 11.5) < 1e-5)
  const bare = { ...layers[0]!, config: { ...layers[0]!.config, scale: false, center: false } }
  const topology = sequential(bare, ...layers.slice(1))
  const unscaled = readLayersModel(filesOf(topology, [...specs.slice(2), ...denseSpecs], floats(2, 0.24, 1, 2, 3, 4, 5)))
  const plain = layerOf(unscaled, 'bn').operation
  t.ok(plain.kind === 'affine' && Math.abs(plain.scale[0]! - 2) < 1e-6 && Math.abs(plain.shift[0]! + 4) < 1e-5)
})

const bytes = floats(1, 2, 3, 4, 5)
const conv = (config: object): LayerJson => ({
  class_name: 'Conv2D', config: { name: 'conv', strides: [1, 1], padding: 'valid', use_bias: false, batch_input_shape: [null, 2, 2, 1], ...config },
})
const withConv = (config: object, shape: number[]) =>
  filesOf(sequential(conv(config), { class_name: 'Flatten', config: { name: 'flat' } }, out),
    [{ name: 'conv/kernel', shape }, ...denseSpecs], floats(...new Array<number>(shape.reduce((a, b) => a * b, 1) + 5).fill(0)))
const first = (layer: LayerJson): LayerJson => ({ ...layer, config: { ...layer.config, batch_input_shape: [null, 2, 2, 1] } })
const functional = (layers: LayerJson[], output = 'out') => ({
  class_name: 'Functional', config: { name: 'net', layers, input_layers: [['in', 0, 0]], output_layers: [[output, 0, 0]] },
})
const inputLayer: LayerJson = { name: 'in', class_name: 'InputLayer', config: { batch_input_shape: [null, 2, 2, 1] }, inbound_nodes: [] }
const reading = (layer: LayerJson, ...inputs: string[]): LayerJson =>
  ({ ...layer, name: String(layer.config['name']), inbound_nodes: [inputs.map(name => [name, 0, 0, {}])] })

const refused: [string, Map<string, Uint8Array>, RegExp][] = [
  ['no model.json', new Map<string, Uint8Array>(), /no model\.json/],
  ['not JSON', new Map([['model.json', Buffer.from('{')]]), /not JSON/],
  ['a graph model', new Map([['model.json', Buffer.from('{"format":"graph-model","modelTopology":{"node":[]},"weightsManifest":[]}')]]), /not a LayersModel/],
  ['a shard that is not there', new Map([...filesOf(sequential(flatten, out), denseSpecs, bytes)].slice(0, 1)), /w\.bin/],
  ['weights that end early', filesOf(sequential(flatten, out), denseSpecs, bytes.subarray(0, 18)), /end inside out\/bias/],
  ['weights that go on', filesOf(sequential(flatten, out), denseSpecs, Buffer.concat([bytes, bytes])), /20 bytes follow/],
  ['a weight that is missing', filesOf(sequential(flatten, out), denseSpecs.slice(0, 1), bytes.subarray(0, 16)), /out\/bias is missing/],
  ['a weight in integers', filesOf(sequential(flatten, out), [{ ...denseSpecs[0]!, dtype: 'int32' }, denseSpecs[1]!], bytes), /dtype/],
  ['an unknown layer', filesOf(sequential(flatten, { class_name: 'LSTM', config: { name: 'memory' } }, out), denseSpecs, bytes), /memory is a LSTM/],
  ['channels first', withConv({ data_format: 'channels_first' }, [1, 1, 1, 1]), /conv.*data_format/],
  ['an unknown activation', withConv({ activation: 'gelu' }, [1, 1, 1, 1]), /conv.*activation/],
  ['a kernel for more channels', withConv({}, [1, 1, 3, 1]), /reads 3 channels, the input has 1/],
  ['a window larger than the picture', withConv({}, [3, 3, 1, 1]), /window is larger than 2×2×1/],
  ['a dense kernel of another size', filesOf(sequential(flatten, out), [{ name: 'out/kernel', shape: [3, 1] }, denseSpecs[1]!], floats(1, 2, 3, 4)),
    /reads 3 values, the input is 4/],
  ['a bias of another size', filesOf(sequential(flatten, out), [denseSpecs[0]!, { name: 'out/bias', shape: [2] }], floats(1, 2, 3, 4, 5, 6)),
    /bias does not fit/],
  ['a picture where numbers belong', filesOf(sequential(first(out)), [{ name: 'out/kernel', shape: [1, 1] }, denseSpecs[1]!], floats(1, 2)), /input is 2×2×1/],
  ['numbers where a picture belongs', filesOf(sequential(flatten, { class_name: 'GlobalAveragePooling2D', config: { name: 'mean' } }, out), denseSpecs, bytes),
    /mean: needs rows, columns and channels, not 4/],
  ['a reshape that loses values', filesOf(sequential(first({ class_name: 'Reshape', config: { name: 'r', target_shape: [3] } }), out), denseSpecs, bytes), /cannot make 3 of 2×2×1/],
  ['no input shape', filesOf(sequential({ class_name: 'Flatten', config: { name: 'flat' } }, out), denseSpecs, bytes), /input needs rows/],
  ['no sigmoid at the end', filesOf(sequential(flatten, { ...out, config: { ...out.config, activation: 'linear' } }), denseSpecs, bytes), /last layer out/],
  ['no layer at all', filesOf(sequential(), [], floats()), /0 inputs/],
  ['two layers of one name', filesOf(sequential(flatten, out, out), denseSpecs, bytes), /two layers are named out/],
  ['a layer before what it reads', filesOf(functional([inputLayer, reading(out, 'flat'), reading(flatten, 'in')]), denseSpecs, bytes), /out reads flat/],
  ['a layer that reads nothing', filesOf(functional([inputLayer, reading(flatten, 'in'), { ...reading(out), inbound_nodes: [] }]), denseSpecs, bytes), /reads nothing/],
  ['two inputs', filesOf(functional([inputLayer, { ...inputLayer, name: 'in2' }, reading(flatten, 'in'), reading(out, 'flat')]), denseSpecs, bytes), /2 inputs/],
  ['a sum of different ranks', filesOf(functional([inputLayer, reading(flatten, 'in'),
    reading({ class_name: 'Add', config: { name: 'sum' } }, 'in', 'flat'), reading(out, 'sum')]), denseSpecs, bytes), /different rank/],
  ['a sum of different sizes', filesOf(functional([inputLayer, reading({ class_name: 'Reshape', config: { name: 'turned', target_shape: [4, 1, 1] } }, 'in'),
    reading({ class_name: 'Add', config: { name: 'sum' } }, 'in', 'turned'), reading(out, 'sum')]), denseSpecs, bytes), /cannot add 2×2×1 and 4×1×1/],
  ['a join of different sizes', filesOf(functional([inputLayer, reading({ class_name: 'Reshape', config: { name: 'turned', target_shape: [4, 1, -1] } }, 'in'),
    reading({ class_name: 'Concatenate', config: { name: 'join', axis: -1 } }, 'in', 'turned'), reading(out, 'join')]), denseSpecs, bytes), /cannot join/],
]
for (const [what, files, message] of refused) {
  t.test(`refuses ${what}`, async t => {
    t.throws(() => readLayersModel(files), { code: 'model-invalid', message })
  })
}
