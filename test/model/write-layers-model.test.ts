import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { build as buildEvidenceMap, evidenceLayerName, gradCamLayerName, logitLayerName } from '../../src/model/architectures/evidence-map.ts'
import { build as buildTscCnn, gradCamLayerName as tscCnnGradCamLayer } from '../../src/model/architectures/tsc-cnn.ts'
import { readLayersModel } from '../../src/model/layers-model.ts'
import { loadModel } from '../../src/model/load-model.ts'
import { layersModelFiles, writeModel } from '../../src/model/write-layers-model.ts'
import { manifestOf } from '../helpers/manifest.ts'
import { modelFiles, phantom, requireTensorFlow, sha256, tinyModel } from './support.ts'

const { schemaVersion: _, files: __, ...description } = manifestOf({
  gradCamLayer: gradCamLayerName,
  evidenceLayer: evidenceLayerName,
  preprocessing: { ...manifestOf().preprocessing, width: 224, height: 224 },
})

t.test('what is written is opened again, each file hashed', async t => {
  const directory = join(t.testdir({}), 'models', 'copy')
  const files = await modelFiles(tinyModel)
  const manifest = await writeModel(directory, files, description)
  t.same((await readdir(directory)).sort(), ['manifest.json', 'model.json', 'weights.bin'])
  t.same(manifest.files.map(file => file.sha256).sort(), [...files.values()].map(sha256).sort())
  t.same(JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')), manifest)
  const classifier = await loadModel(directory, { engine: 'onnxruntime', threads: 1 })
  t.equal((await classifier.classify([phantom()], [])).length, 1)
  await classifier.close()
})

t.test('a description that the schema refuses writes nothing', async t => {
  const directory = t.testdir({})
  const wrong = { ...description, version: 'one' }
  await t.rejects(writeModel(directory, await modelFiles(tinyModel), wrong), { code: 'model-invalid', message: /version/ })
  t.same(await readdir(directory), [])
})

t.test('an older manifest goes before the weights change', async t => {
  const directory = t.testdir({ 'manifest.json': '{}', 'weights.bin': {} })
  await t.rejects(writeModel(directory, await modelFiles(tinyModel), description), 'weights.bin is a folder and cannot be written')
  t.notOk((await readdir(directory)).includes('manifest.json'), 'no manifest describes half of a model')
})

t.test('the same seed builds the same bytes, another seed others', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const weightsOf = async (seed: number) => {
    const model = buildEvidenceMap(tf, { inputShape: [32, 32, 3], filters: 2, seed })
    const files = await layersModelFiles(tf, model)
    model.dispose()
    return sha256(files.get('weights.bin')!)
  }
  t.equal(await weightsOf(1), await weightsOf(1))
  t.not(await weightsOf(1), await weightsOf(2))
})

t.test('the committed tiny model has the layers that the code builds today', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const before = await modelFiles(tinyModel)
  const model = buildEvidenceMap(tf, { inputShape: [224, 224, 3], filters: 4, seed: 20 })
  const built = await layersModelFiles(tf, model)
  model.dispose()
  t.equal(Buffer.from(built.get('model.json')!).toString(), Buffer.from(before.get('model.json')!).toString())
  t.equal(built.get('weights.bin')!.length, before.get('weights.bin')!.length)
})

t.test('the evidence-map network has a map of an eighth of the raster, and its layers are where their names say', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const model = buildEvidenceMap(tf, { inputShape: [224, 224, 3] })
  const graph = readLayersModel(await layersModelFiles(tf, model))
  const shapeOf = (name: string) => graph.layers.find(layer => layer.name === name)?.shape
  t.same(shapeOf(evidenceLayerName), [28, 28, 1])
  t.same(shapeOf(gradCamLayerName), [28, 28, 96])
  t.equal(graph.logit, logitLayerName)
  t.ok(model.countParams() > 240_000 && model.countParams() < 270_000)
  model.dispose()
})

t.test('the tsc-cnn network is 32-64-128-256, two 3×3 each, and 256 dense units', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const model = buildTscCnn(tf, { inputShape: [224, 224, 3] })
  const convolutions = model.layers.filter(layer => layer.getClassName() === 'Conv2D')
  t.same(convolutions.map(layer => (layer.outputShape as number[]).at(-1)), [32, 32, 64, 64, 128, 128, 256, 256])
  t.same(model.getLayer('dense').outputShape, [null, 256])
  t.same(model.getLayer(tscCnnGradCamLayer).outputShape, [null, 28, 28, 256])
  t.same(model.outputShape, [null, 1])
  model.dispose()
})

t.test('both networks learn: the gradient reaches every weight', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  for (const build of [buildEvidenceMap, buildTscCnn]) {
    const model = build(tf, { inputShape: [32, 32, 3], filters: 2, seed: 6 })
    const loss = () => tf.losses.sigmoidCrossEntropy(tf.ones([4, 1]), tf.mean(model.apply(tf.randomUniform([4, 32, 32, 3], 0, 1, 'float32', 8),
      { training: true }) as ReturnType<typeof tf.ones>, 1, true)).asScalar()
    const { grads, value } = tf.variableGrads(loss)
    const trainable = model.trainableWeights.length
    t.equal(Object.keys(grads).length >= trainable, true, `${model.name}: ${trainable} weights`)
    t.ok(Object.values(grads).every(gradient => Number.isFinite(tf.tidy(() => gradient.abs().sum().dataSync()[0]))))
    tf.dispose([grads, value])
    model.dispose()
  }
})

t.test('a file that is not a model is refused by TensorFlow too', async t => {
  if (await requireTensorFlow(t) === undefined) return
  const directory = t.testdir({})
  const files = await modelFiles(tinyModel)
  const json = Buffer.from(files.get('model.json')!).toString('utf8').replaceAll('"sharpness":4', '"sharpness":"4"')
  await writeModel(directory, files.set('model.json', Buffer.from(json)), description)
  await writeFile(join(directory, 'note.txt'), 'unlisted files are not read')
  await t.rejects(loadModel(directory, { engine: 'tensorflow' }), { code: 'model-invalid', message: /evidence_pool/ })
})
