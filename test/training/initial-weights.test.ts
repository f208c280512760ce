import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import t from 'tap'
import { initialCommand, loadInitialWeights } from '../../src/training/initial-weights.ts'
import { layersModelFiles } from '../../src/model/write-layers-model.ts'
import { newTrainee } from '../../src/training/trainees.ts'
import { weightsOf } from '../../src/training/trainer.ts'
import { type Stored, kerasFile } from '../model/keras/support.ts'
import { requireTensorFlow, sha256 } from '../model/support.ts'

let folder: string
t.before(async () => { folder = await mkdtemp(join(tmpdir(), 'tuberlens-')) })
t.teardown(() => rm(folder, { recursive: true, force: true }))

/** Its weights as Keras would list them, under names of another version. */
const storedOf = (model: LayersModel): Record<string, Record<string, Stored>> =>
  Object.fromEntries(model.layers.filter(layer => layer.weights.length > 0).map((layer, index) => [
    `layer_${index + 1}`,
    Object.fromEntries(layer.weights.map((weight, part) =>
      [`layer_${index + 1}_1/part_${part}:0`, { shape: weight.shape as number[], values: weight.read().dataSync() }])),
  ]))

t.test('training starts from the backbone of a Keras file, and with a head of its own', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const made = newTrainee(tf, 'resnet-50', { size: 32, seed: 1, small: true }).model
  const started = newTrainee(tf, 'resnet-50', { size: 32, seed: 2, small: true }).model
  const path = join(folder, 'weights.h5')
  const bytes = await kerasFile({ layers: { picture: {}, ...storedOf(made) }, atRoot: true })
  await writeFile(path, bytes)
  const before = weightsOf(started)
  const tensors = tf.memory().numTensors
  t.same(await loadInitialWeights(tf, started, path), { layers: 106, without: 'logit' }, '53 convolutions, each with its normalisation')
  t.equal(tf.memory().numTensors, tensors)
  const [wanted, found] = [weightsOf(made), weightsOf(started)]
  const same = (one: Float32Array, other: Float32Array): boolean => Buffer.from(one.buffer).equals(Buffer.from(other.buffer))
  const wrong = started.weights.filter((weight, i) => !same(found[i]!, (weight.originalName.startsWith('logit/') ? before : wanted)[i]!))
  t.same(wrong.map(weight => weight.originalName), [], 'every layer is the file\'s, but for the head')
  t.notOk(same(wanted[0]!, before[0]!))
  t.equal(await initialCommand(path), `weights of a Keras file, sha256 ${sha256(bytes)}`)
})

t.test('a model folder whose layers have other names gives all but its head', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const network = (names: readonly [string, string, string], seed: number) => tf.sequential({
    layers: [
      tf.layers.conv2d({ name: names[0], filters: 2, kernelSize: 3, inputShape: [8, 8, 3], kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
      tf.layers.batchNormalization({ name: names[1] }),
      tf.layers.flatten(),
      tf.layers.dense({ name: names[2], units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: seed + 7 }) }),
    ],
  })
  const from = network(['conv2d_94', 'batch_normalization_94', 'predictions'], 1)
  const directory = await mkdtemp(join(folder, 'imported-'))
  for (const [name, bytes] of await layersModelFiles(tf, from)) await writeFile(join(directory, name), bytes)
  const to = network(['conv', 'norm', 'logit'], 2)
  t.same(await loadInitialWeights(tf, to, directory), { layers: 2, without: 'logit' })
  const byName = (model: LayersModel) => new Map(model.weights.map((weight, i) => [weight.originalName, [...weightsOf(model)[i]!]]))
  const [wanted, found] = [byName(from), byName(to)]
  t.same(found.get('conv/kernel'), wanted.get('conv2d_94/kernel'))
  t.same(found.get('norm/moving_variance'), wanted.get('batch_normalization_94/moving_variance'))
  t.notSame(found.get('logit/kernel'), wanted.get('predictions/kernel'), 'the head\'s are its own')
  const same = network(['conv2d_94', 'batch_normalization_94', 'predictions'], 3)
  t.same(await loadInitialWeights(tf, same, directory), { layers: 3 })
  t.same(byName(same).get('predictions/kernel'), wanted.get('predictions/kernel'), 'of the same network the head too')
  await writeFile(join(directory, 'model.json'), '{')
  await t.rejects(loadInitialWeights(tf, to, directory), { code: 'model-invalid', message: /not JSON/ })
})

t.test('a Keras file with its description is read by that', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const network = () => tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv', filters: 2, kernelSize: 3, inputShape: [8, 8, 3] }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ name: 'dense', units: 1 }),
    ],
  })
  const layer = (className: string, config: object) => ({ class_name: className, config })
  const inner = { name: 'inner', layers: [layer('Conv2D', { name: 'conv', batch_input_shape: [null, 8, 8, 3] }), layer('Flatten', { name: 'flat' })] }
  const config = { class_name: 'Sequential', config: { name: 'outer', layers: [layer('Sequential', inner), layer('Dense', { name: 'dense' })] } }
  const from = network()
  const [kernel, bias, head, headBias] = from.weights.map(weight => ({ shape: weight.shape as number[], values: weight.read().dataSync() }))
  const path = join(folder, 'nested.hdf5')
  const layers = { inner: { 'conv/bias:0': bias!, 'conv/kernel:0': kernel! }, dense: { 'dense/kernel:0': head!, 'dense/bias:0': headBias! } }
  await writeFile(path, await kerasFile({ config, layers }))
  const to = network()
  await loadInitialWeights(tf, to, path)
  t.same(weightsOf(to).slice(0, 2), weightsOf(from).slice(0, 2), 'the convolution\'s')
  t.notSame(weightsOf(to)[2], weightsOf(from)[2], 'the head\'s are its own')
})

t.test('a Keras file of another network, or none, is refused in words', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const { model } = newTrainee(tf, 'resnet-50', { size: 32, seed: 1, small: true })
  const path = join(folder, 'other.h5')
  await writeFile(path, await kerasFile({ layers: { conv: { 'conv/kernel:0': { shape: [1, 1, 3, 8], values: new Float32Array(24) } } }, atRoot: true }))
  await t.rejects(loadInitialWeights(tf, model, path), { code: 'model-invalid', message: /does not fit the network at layer conv1_conv/ })
  await t.rejects(loadInitialWeights(tf, model, join(folder, 'absent.h5')), { code: 'model-not-found', message: /cannot be read/ })
  await t.rejects(initialCommand(join(folder, 'absent.h5')), { code: 'model-not-found' })
})
