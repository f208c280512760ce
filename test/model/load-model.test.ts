import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { heatmapMethods } from '../../src/model/finding.ts'
import { loadModel } from '../../src/model/load-model.ts'
import type { ModelManifest } from '../../src/model/manifest.ts'
import { phantom, rasterOf, requireTensorFlow, sha256, tinyModel } from './support.ts'

const oneThread = { engine: 'onnxruntime', threads: 1 } as const

/** A copy of the tiny model that a test may spoil. */
async function copyOfTinyModel (t: Test): Promise<string> {
  const directory = t.testdir({})
  await cp(tinyModel, directory, { recursive: true })
  return directory
}

async function changeManifest (directory: string, changes: Partial<ModelManifest>): Promise<void> {
  const path = join(directory, 'manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as ModelManifest
  await writeFile(path, JSON.stringify({ ...manifest, ...changes }))
}

t.test('a bright spot raises the probability, and all three maps point at it', async t => {
  const classifier = await loadModel(tinyModel, oneThread)
  t.teardown(() => classifier.close())
  const spots = [{ x: 80, y: 120, radius: 8 }, { x: 140, y: 80, radius: 8 }]
  const [without, ...found] = await classifier.classify([phantom(), ...spots.map(phantom)], heatmapMethods)
  t.ok(without!.probability < 0.5)
  for (const [index, { probability, heatmaps }] of found.entries()) {
    t.ok(probability > 0.5, 'positive')
    t.same(heatmaps.map(map => map.method), heatmapMethods)
    for (const { method, width, height, values, empty } of heatmaps) {
      t.same([width, height, values.length, empty], [224, 224, 224 * 224, false])
      t.ok(values.every(value => value >= 0 && value <= 1))
      const brightest = values.indexOf(1)
      t.ok(Math.hypot(brightest % 224 - spots[index]!.x, Math.floor(brightest / 224) - spots[index]!.y) < 12, `${method} moves with the spot`)
    }
  }
  t.equal(without!.heatmaps.find(map => map.method === 'evidence')?.empty, true, 'without a positive cell the map is empty')
})

t.test('the methods asked for come back, in the order asked', async t => {
  const classifier = await loadModel(tinyModel, oneThread)
  t.teardown(() => classifier.close())
  const [none] = await classifier.classify([phantom()], [])
  t.same(none!.heatmaps, [])
  const [two] = await classifier.classify([phantom()], ['evidence', 'grad-cam'])
  t.same(two!.heatmaps.map(map => map.method), ['evidence', 'grad-cam'])
  t.equal(two!.probability, none!.probability)
  t.same(await classifier.classify([], heatmapMethods), [], 'no rasters, no findings')
})

t.test('more slices than one batch keep their order', async t => {
  const classifier = await loadModel(tinyModel, oneThread)
  t.teardown(() => classifier.close())
  const grays = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
  const rasters = grays.map(gray => rasterOf((x, y) => Math.hypot(x - 100, y - 60) < 10 ? gray : 0))
  const together = await classifier.classify(rasters, [])
  for (const [index, raster] of rasters.entries()) {
    const [alone] = await classifier.classify([raster], [])
    t.ok(Math.abs(alone!.probability - together[index]!.probability) < 1e-6)
  }
  t.ok(together.at(-1)!.probability > together[0]!.probability)
})

t.test('names its engine and the model\'s identity', async t => {
  const classifier = await loadModel(tinyModel, { engine: 'auto' })
  t.teardown(() => classifier.close())
  t.match(classifier.engine, /^onnxruntime \d+\.\d+\.\d+$/)
  t.equal(classifier.sha256, sha256(await readFile(join(tinyModel, 'manifest.json'))))
  t.equal(classifier.manifest.name, 'tiny')
})

t.test('TensorFlow gives the same findings', async t => {
  if (await requireTensorFlow(t) === undefined) return
  const onnx = await loadModel(tinyModel, oneThread)
  const tensorflow = await loadModel(tinyModel, { engine: 'tensorflow' })
  t.match(tensorflow.engine, /^tfjs-node \d+\.\d+\.\d+$/)
  const rasters = [phantom(), phantom({ x: 80, y: 120, radius: 8 })]
  const found = await onnx.classify(rasters, heatmapMethods)
  const expected = await tensorflow.classify(rasters, heatmapMethods)
  for (const [index, { probability }] of expected.entries()) t.ok(Math.abs(found[index]!.probability - probability) < 1e-5)
  await onnx.close()
  await tensorflow.close()
})

t.test('refuses rasters of another size', async t => {
  const classifier = await loadModel(tinyModel, oneThread)
  t.teardown(() => classifier.close())
  await t.rejects(classifier.classify([rasterOf(() => 0, 112)], []), { code: 'engine-failed', message: /224×224×3, not 112×112×3/ })
  const short = { ...phantom(), data: new Float32Array(7) }
  await t.rejects(classifier.classify([short], []), { code: 'engine-failed' })
})

t.test('a raster that is not a number gives no probability', async t => {
  const classifier = await loadModel(tinyModel, oneThread)
  t.teardown(() => classifier.close())
  await t.rejects(classifier.classify([rasterOf(() => NaN)], []), { code: 'engine-failed', message: /no finite probability/ })
})

t.test('after closing, which may happen twice, nothing is computed', async t => {
  const classifier = await loadModel(tinyModel, oneThread)
  await classifier.close()
  await classifier.close()
  await t.rejects(classifier.classify([phantom()], []), { code: 'engine-failed', message: 'the model is closed' })
})

t.test('a model without an evidence map gives the others only', async t => {
  const directory = await copyOfTinyModel(t)
  const { evidenceLayer, ...manifest } = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as ModelManifest
  t.equal(evidenceLayer, 'evidence')
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest))
  const classifier = await loadModel(directory, oneThread)
  t.teardown(() => classifier.close())
  await t.rejects(classifier.classify([phantom()], ['evidence']), { code: 'engine-failed', message: /no evidence map/ })
  t.same((await classifier.classify([phantom()], ['grad-cam']))[0]!.heatmaps.length, 1)
})

t.test('refuses a folder without a model', async t => {
  await t.rejects(loadModel(t.testdir({}), oneThread), { code: 'model-not-found', facts: { file: 'manifest.json' } })
})

t.test('refuses a folder without one of the files that the manifest lists', async t => {
  const directory = await copyOfTinyModel(t)
  await rm(join(directory, 'weights.bin'))
  await t.rejects(loadModel(directory, oneThread), { code: 'model-not-found', facts: { file: 'weights.bin' } })
})

t.test('refuses weights with one bit changed, and says which file', async t => {
  const directory = await copyOfTinyModel(t)
  const weights = await readFile(join(directory, 'weights.bin'))
  weights[1000]! ^= 1
  await writeFile(join(directory, 'weights.bin'), weights)
  await t.rejects(loadModel(directory, oneThread), { code: 'model-invalid', message: /weights\.bin .*sha256/, facts: { file: 'weights.bin', found: sha256(weights) } })
})

t.test('refuses model.json with a space added', async t => {
  const directory = await copyOfTinyModel(t)
  await writeFile(join(directory, 'model.json'), Buffer.concat([await readFile(join(directory, 'model.json')), Buffer.from(' ')]))
  await t.rejects(loadModel(directory, oneThread), { code: 'model-invalid', facts: { file: 'model.json' } })
})

t.test('refuses a shard that no hash covers', async t => {
  const directory = await copyOfTinyModel(t)
  const { files } = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as ModelManifest
  await changeManifest(directory, { files: files.filter(file => file.path !== 'weights.bin') })
  await t.rejects(loadModel(directory, oneThread), { code: 'model-invalid', facts: { file: 'weights.bin' } })
})

t.test('refuses a manifest that is not JSON', async t => {
  const directory = await copyOfTinyModel(t)
  await writeFile(join(directory, 'manifest.json'), 'name: tiny')
  await t.rejects(loadModel(directory, oneThread), { code: 'model-invalid', message: 'manifest.json is not JSON' })
})

const wrongSettings: [string, object, RegExp][] = [
  ['another schema version', { schemaVersion: 2 }, /schemaVersion/],
  ['a version that is not one', { version: 'latest' }, /version/],
  ['an unknown architecture', { architecture: 'vgg' }, /architecture/],
  ['a threshold above 1', { output: { positiveClass: 'tuber', threshold: 1.5 } }, /output\.threshold/],
  ['a file outside the folder', { files: [{ path: '../model.json', sha256: '0'.repeat(64) }] }, /files\.0\.path/],
  ['a setting that nobody reads', { tresholds: [] }, /tresholds/],
  ['a Grad-CAM layer that is not there', { gradCamLayer: 'block9_conv' }, /gradCamLayer: the network has no layer block9_conv/],
  ['a Grad-CAM layer without a map', { gradCamLayer: 'context_dense' }, /gradCamLayer: layer context_dense gives 24, not a map/],
  ['an evidence layer that is not there', { evidenceLayer: 'proof' }, /evidenceLayer: the network has no layer proof/],
  ['an evidence layer of many channels', { evidenceLayer: 'context_add' }, /evidenceLayer: layer context_add gives 28×28×24, not a one-channel map/],
]
for (const [what, changes, message] of wrongSettings) {
  t.test(`refuses a manifest with ${what}`, async t => {
    const directory = await copyOfTinyModel(t)
    await changeManifest(directory, changes)
    await t.rejects(loadModel(directory, oneThread), { code: 'model-invalid', message })
  })
}

t.test('refuses a manifest whose rasters the network cannot read', async t => {
  const directory = await copyOfTinyModel(t)
  const { preprocessing } = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as ModelManifest
  await changeManifest(directory, { preprocessing: { ...preprocessing, width: 256, height: 192 } })
  await t.rejects(loadModel(directory, oneThread), { code: 'model-invalid', facts: { expected: '192×256×3', found: '224×224×3' } })
})
