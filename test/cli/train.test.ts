import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { defaultPreprocessing } from '../../src/cli/train.ts'
import { loadModel } from '../../src/model/load-model.ts'
import type { LearningCurve } from '../../src/training/learning-curve.ts'
import { runSession } from '../../src/training/training-session.ts'
import { runCli } from '../helpers/cli.ts'
import { requireTensorFlow } from '../model/support.ts'
import { niftiBytes, smallHead } from '../training/small-head.ts'

let folder: string
t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  await mkdir(join(folder, 'maps'))
  for (const name of ['one', 'two', 'three']) await writeFile(join(folder, 'maps', `${name}.nii`), niftiBytes(smallHead()))
})
t.teardown(() => rm(folder, { recursive: true, force: true }))

const tiny = ['--epochs', '2', '--steps', '1', '--batch', '4', '--small']

t.test('the generator trains every architecture, and the best becomes a model that loads', async t => {
  if (await requireTensorFlow(t) === undefined) return
  const out = join(folder, 'model')
  const checkpoint = join(folder, 'checkpoint')
  const command = ['train', '--label-maps', join(folder, 'maps'), '--validate', 'two', '--leave-out', 'three', '--architecture', 'all',
    '--validation-slices', '8', ...tiny, '--checkpoint', checkpoint]
  const { code, stdout, stderr } = await runCli([...command, '--out', out])
  t.equal(code, 0, stderr)
  t.match(stdout, /architecture +loss +accuracy +AUC/)
  t.match(stdout, /^evidence-map +0\.\d+/m)
  for (const name of ['tsc-cnn', 'inception-v3', 'resnet-50']) t.match(stdout, new RegExp(`^${name} +\\d\\.\\d+`, 'm'))
  t.match(stderr, /epoch 2: training/)
  const classifier = await loadModel(out, { engine: 'onnxruntime' })
  t.match(classifier.manifest.training.data, 'one')
  t.notMatch(classifier.manifest.training.data, /two|three/, 'neither validation nor left-out patients were trained on')
  t.notMatch(classifier.manifest.training.command, folder, 'the command names no place of this machine')
  await classifier.close()
  const again = await runCli([...command, '--resume', '--out', join(folder, 'resumed')])
  t.equal(again.code, 0, again.stderr)
  t.notMatch(again.stderr, /epoch 1/, 'what the checkpoint holds is not trained again')
  const other = classifier.manifest.architecture === 'tsc-cnn' ? 'evidence-map' : 'tsc-cnn'
  const refused = await runCli([...command, '--architecture', other, '--init', out, '--out', join(folder, 'never')])
  t.equal(refused.code, 6)
  t.match(refused.stderr, /to start from (has no weight|does not fit)/)
  const curves = JSON.parse(await readFile(join(`${out}-log`, 'learning-curves.json'), 'utf8')) as LearningCurve[]
  t.same(curves.map(({ architecture, epochs }) => [architecture, epochs.length]), [['evidence-map', 2], ['tsc-cnn', 2], ['inception-v3', 2], ['resnet-50', 2]])
  t.ok(curves.every(({ epochs }) => epochs.every(({ trainingObjective, validationLoss }) => trainingObjective > 0 && validationLoss > 0)))
  t.match(await readFile(join(`${out}-log`, 'learning-curves.svg'), 'utf8'), /inception-v3/)
})

t.test('the learning curve is there after each epoch, for a run that is stopped too', async t => {
  if (await requireTensorFlow(t) === undefined) return
  const stopper = new AbortController()
  let written: readonly LearningCurve[] = []
  await t.rejects(runSession({
    data: { kind: 'synthetic', labelMaps: join(folder, 'maps'), canvasShare: 0, validationSlices: 4 },
    architectures: ['tsc-cnn'],
    preprocessing: defaultPreprocessing,
    validationPatients: ['two'],
    leftOut: [],
    epochs: 3,
    stepsPerEpoch: 1,
    batchSize: 4,
    learningRate: 0.00025,
    schedule: 'constant',
    weightDecay: 0,
    labelSmoothing: 0,
    seed: 1,
    threads: 1,
    small: true,
    resume: false,
    signal: stopper.signal,
    onCurves: curves => {
      written = curves
      stopper.abort()
      return Promise.resolve()
    },
  }), { code: 'interrupted' })
  t.same(written.map(({ architecture, epochs }) => [architecture, epochs.length]), [['tsc-cnn', 1]])
})

t.test('a labelled folder trains, by its own sets', async t => {
  if (await requireTensorFlow(t) === undefined) return
  await runCli(['synthesize', '--label-maps', join(folder, 'maps'), '--count', '8', '--out', join(folder, 'slices')])
  const csv = join(folder, 'slices', 'sets.csv')
  const rows = Array.from({ length: 8 }, (_, i) => `slice-${i + 1}.png,${i < 4 ? 'a' : 'b'},${i % 2},${i < 4 ? 'train' : 'validation'}`)
  await writeFile(csv, ['file,patient,label,set', ...rows].join('\n'))
  const out = join(folder, 'labelled-model')
  const { code, stderr } = await runCli(['train', '--labelled', csv, '--protocol', 'paper', '--architecture', 'tsc-cnn', '--epochs', '2', '--batch', '8', '--small', '--out', out])
  t.equal(code, 0, stderr)
  // four slices, each four times: two batches of 8 in each of two epochs
  t.match(stderr, /^tsc-cnn \(4\)$/m)
  const classifier = await loadModel(out, { engine: 'onnxruntime' })
  t.match(classifier.manifest.preprocessing, { fit: 'stretch', resample: 'nearest', quantize8bit: true, channels: 'equal' })
  await classifier.close()
})

t.test('a model is fine-tuned on a site\'s DICOM by one flag', async t => {
  if (await requireTensorFlow(t) === undefined) return
  const csv = join(folder, 'site.csv')
  const fixtures = join(import.meta.dirname, '../../fixtures')
  const rows = [`${fixtures}/flair/IM-0006.dcm,a,1`, `${fixtures}/flair/IM-0002.dcm,a,0`, `${fixtures}/t2,b,0`, 'slices/slice-1.png,b,1', 'slices/slice-2.png,c,0']
  await writeFile(csv, ['file,patient,label', ...rows].join('\n'))
  const first = join(folder, 'first')
  const started = await runCli(['train', '--label-maps', join(folder, 'maps'), '--validate', 'two', '--validation-slices', '4', ...tiny, '--paper-preprocessing',
    '--architecture', 'tsc-cnn', '--out', first])
  t.equal(started.code, 0, started.stderr)
  const out = join(folder, 'tuned')
  const { code, stdout, stderr } = await runCli(['train', '--labelled', csv, '--validate', 'b', '--init', first, '--out', out, '--log', join(folder, 'log'),
    ...tiny, '--constant', '--patience', '1'])
  t.equal(code, 0, stderr)
  t.match(stderr, /tsc-cnn starts from the weights of \d+ layers/)
  t.match(stdout, /^tsc-cnn +\d/m, 'the architecture is that of the model to start from')
  const classifier = await loadModel(out, { engine: 'onnxruntime' })
  t.equal(classifier.manifest.preprocessing.fit, 'stretch', 'and so is the preprocessing')
  t.match(classifier.manifest.training.data, /^labelled pictures of 2 patients, from the weights of a model trained on synthetic tubers .*: one, three$/)
  t.match(classifier.manifest.training.command, /--paper-preprocessing.*; then from its weights: tuberlens train/)
  await classifier.close()
  t.ok((await readdir(join(folder, 'log'))).includes('learning-curves.svg'))
})

t.test('options that cannot be are told before anything is trained', async t => {
  const fails = async (args: readonly string[], code: number, message: RegExp): Promise<void> => {
    const result = await runCli(['train', ...args])
    t.equal(result.code, code, result.stderr)
    t.match(result.stderr, message)
  }
  const out = ['--out', join(folder, 'never')]
  await fails([], 2, /--out/)
  await fails([...out], 2, /--label-maps/)
  await fails([...out, '--label-maps', folder, '--architecture', 'vgg'], 2, /--architecture/)
  await fails([...out, '--label-maps', folder, '--protocol', 'long'], 2, /--protocol is short or paper/)
  await fails([...out, '--label-maps', folder, '--epochs', 'many'], 2, /--epochs/)
  if (await requireTensorFlow(t) === undefined) return
  const maps = ['--label-maps', join(folder, 'maps'), ...tiny]
  await fails([...out, ...maps], 2, /--validate/)
  await fails([...out, ...maps, '--validate', 'four'], 3, /not in the data/)
  await fails([...out, ...maps, '--validate', 'one', '--leave-out', 'one'], 3, /both/)
  await fails([...out, '--label-maps', join(folder, 'absent'), '--validate', 'one'], 3, /cannot be read/)
})
