import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { loadModel } from '../../src/model/load-model.ts'
import { rasterOf, sha256 } from '../model/support.ts'
import { runCli } from '../helpers/cli.ts'

const fixture = (name: string): string => resolve(import.meta.dirname, '../../fixtures/keras', name)
const sigmoid = fixture('sequential_sigmoid.keras3.h5')
const softmax = fixture('nested_sequential.keras2.h5')
const paper = ['--preprocess', 'paper']

let folder: string
t.before(async () => { folder = await mkdtemp(join(tmpdir(), 'tuberlens-')) })
t.teardown(() => rm(folder, { recursive: true, force: true }))

t.test('a Keras file becomes a model folder with the paper\'s preprocessing', async t => {
  const out = join(folder, 'sigmoid')
  const { code, stdout, stderr } = await runCli(['import-keras', sigmoid, '--out', out, ...paper, '--sigmoid-positive', 'tuber'])
  t.equal(code, 0, stderr)
  t.match(stdout, /sequential_sigmoid of Keras 3\.\d+\.\d+: \d+ weights, reads 16×16×3; architecture keras/)
  t.match(stdout, /ran on onnxruntime [\d.]+: a black slice gives 0\.\d+, a gray ramp 0\.\d+/)
  t.match(stderr, /reading.*converting.*writing.*verifying/s)
  t.same((await readdir(out)).sort(), ['manifest.json', 'model.json', 'weights.bin'])
  t.same(await readdir(folder), ['sigmoid'], 'nothing else is left')
  const classifier = await loadModel(out, { engine: 'onnxruntime' })
  t.teardown(() => classifier.close())
  const { manifest } = classifier
  t.match(manifest, {
    name: 'sequential_sigmoid.keras3',
    version: '0.1.0',
    architecture: 'keras',
    preprocessing: { width: 16, height: 16, voi: { from: 'header' }, fit: 'stretch', resample: 'nearest', quantize8bit: true, range: [0, 1], channels: 'equal' },
    output: { positiveClass: 'tuber', threshold: 0.5 },
    gradCamLayer: 're_lu',
    seriesRule: { kind: 'count', positive: 1, consecutive: 1 },
    age: { minimum: 5, maximum: 120, undeterminedBelow: 2 },
    metrics: {},
  })
  t.match(manifest.training.data, 'Not known to this program. Weights of a Keras')
  t.match(manifest.training.data, sha256(await readFile(sigmoid)), 'the file that it came from is named by its hash')
  t.equal(manifest.training.command, 'tuberlens import-keras --preprocess paper --sigmoid-positive tuber', 'without places of this machine')
  t.match(manifest.licence, /Not stated/)
  t.ok(manifest.limits.some(limit => limit.includes('Not evaluated')))
})

t.test('what the options say stands in the manifest', async t => {
  const out = join(folder, 'softmax')
  await mkdir(out)
  const preprocessing = join(folder, 'preprocessing.json')
  const given = { voi: { from: 'percentiles', low: 1, high: 99 }, fit: 'pad', resample: 'area', quantize8bit: false, range: [-1, 1], channels: 'equal' }
  await writeFile(preprocessing, JSON.stringify(given))
  const { code, stdout, stderr } = await runCli([
    'import-keras', softmax, '--out', out, '--preprocess', preprocessing, '--positive-class', '1', '--threshold', '0.7', '--name', 'ours',
    '--model-version', '2.0.1', '--licence', 'CC-BY-4.0', '--intended-use', 'Tests.', '--training-data', 'Nothing.', '--age', '6-18', '--grad-cam-layer', 'conv',
  ])
  t.equal(code, 0, stderr)
  t.match(stdout, /Grad-CAM weighs layer conv$/m)
  const classifier = await loadModel(out, { engine: 'onnxruntime' })
  t.teardown(() => classifier.close())
  t.match(classifier.manifest, {
    name: 'ours',
    version: '2.0.1',
    preprocessing: { ...given, width: 16, height: 16 },
    output: { threshold: 0.7 },
    gradCamLayer: 'conv',
    age: { minimum: 6, maximum: 18 },
    intendedUse: 'Tests.',
    licence: 'CC-BY-4.0',
  })
  t.match(classifier.manifest.training.data, /^Nothing\. Weights of a Keras 2/)
  t.equal(classifier.manifest.training.command, 'tuberlens import-keras --preprocess FILE --positive-class 1 --threshold 0.7 --grad-cam-layer conv')
})

t.test('the two meanings of a unit give probabilities that add up to one', async t => {
  const probability = async (file: string, ...meaning: string[]): Promise<number> => {
    const out = await mkdtemp(join(folder, 'meaning-'))
    const { code, stderr } = await runCli(['import-keras', file, '--out', out, ...paper, ...meaning])
    t.equal(code, 0, stderr)
    const classifier = await loadModel(out, { engine: 'onnxruntime' })
    const [found] = await classifier.classify([rasterOf((x, y) => (x * y) / 256, 16)], [])
    await classifier.close()
    return found!.probability
  }
  const sums = [
    await probability(sigmoid, '--sigmoid-positive', 'tuber') + await probability(sigmoid, '--sigmoid-positive', 'control'),
    await probability(softmax, '--positive-class', '0') + await probability(softmax, '--positive-class', '1'),
  ]
  for (const sum of sums) t.ok(Math.abs(sum - 1) < 1e-6, String(sum))
})

t.test('refusals name what is wrong, and leave nothing behind', async t => {
  const out = join(folder, 'never')
  const fails = async (args: readonly string[], code: number, message: RegExp): Promise<void> => {
    const result = await runCli(['import-keras', ...args])
    t.equal(result.code, code, result.stderr)
    t.match(result.stderr, message)
    t.same((await readdir(folder)).filter(name => name.startsWith('never')), [])
  }
  const full = [sigmoid, '--out', out, ...paper, '--sigmoid-positive', 'tuber']
  await fails([], 2, /one Keras file/)
  await fails([sigmoid, softmax, '--out', out], 2, /one Keras file/)
  await fails([sigmoid], 2, /--out/)
  await fails([sigmoid, '--out', out], 2, /--preprocess: the file does not say/)
  await fails([sigmoid, '--out', out, ...paper], 2, /one sigmoid unit.*--sigmoid-positive tuber or control/)
  await fails([sigmoid, '--out', out, ...paper, '--positive-class', '1'], 2, /not --positive-class/)
  await fails([softmax, '--out', out, ...paper], 2, /two softmax units.*--positive-class 0 or 1/)
  await fails([softmax, '--out', out, ...paper, '--sigmoid-positive', 'tuber'], 2, /not --sigmoid-positive/)
  await fails([softmax, '--out', out, ...paper, '--positive-class', '2'], 2, /from 0 to 1/)
  await fails([softmax, '--out', out, ...paper, '--positive-class', '0.5'], 2, /0 or 1/)
  await fails([...full.slice(0, -1), 'yes'], 2, /tuber or control, not yes/)
  await fails([...full, '--age', '18-6'], 2, /--age/)
  await fails([...full, '--threshold', '2'], 2, /--threshold/)
  await fails([...full, '--model-version', 'new'], 6, /version/)
  await fails([...full, '--grad-cam-layer', 'block9'], 6, /gradCamLayer: the network has no layer block9/)
  await fails([...full, '--config', join(folder, 'absent.json')], 2, /--config: there is no readable file/)
  await fails(['https://zenodo.org/model.h5', ...full.slice(1)], 2, /download it first/)
  await fails([join(folder, 'absent.h5'), ...full.slice(1)], 3, /cannot be read/)
  await fails([folder, ...full.slice(1)], 3, /is a folder/)
  await fails([fixture('expected.keras3.json'), ...full.slice(1)], 6, /not HDF5/)
  await writeFile(join(folder, 'text.json'), 'stretch')
  await fails([sigmoid, '--out', out, '--preprocess', join(folder, 'text.json'), '--sigmoid-positive', 'tuber'], 2, /is not JSON/)
  await writeFile(join(folder, 'null.json'), '{"fit": "crop"}')
  await fails([sigmoid, '--out', out, '--preprocess', join(folder, 'null.json'), '--sigmoid-positive', 'tuber'], 2, /--preprocess: /)
  const stopped = await runCli(['import-keras', ...full], {}, AbortSignal.abort())
  t.equal(stopped.code, 130)
})

t.test('a folder that holds something is never written to', async t => {
  const out = join(folder, 'sigmoid')
  const before = (await stat(join(out, 'manifest.json'))).mtimeMs
  const { code, stderr } = await runCli(['import-keras', softmax, '--out', out, ...paper, '--positive-class', '1'])
  t.equal(code, 2)
  t.match(stderr, /not empty/)
  t.equal((await stat(join(out, 'manifest.json'))).mtimeMs, before)
  const file = await runCli(['import-keras', softmax, '--out', join(out, 'manifest.json'), ...paper, '--positive-class', '1'])
  t.equal(file.code, 2)
  t.match(file.stderr, /not a folder/)
})
