import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadModel } from '../../src/model/load-model.ts'
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
  t.match(refused.stderr, /to start from has no weight/)
})

t.test('a labelled folder trains, by its own sets', async t => {
  if (await requireTensorFlow(t) === undefined) return
  await runCli(['synthesize', '--label-maps', join(folder, 'maps'), '--count', '8', '--out', join(folder, 'slices')])
  const csv = join(folder, 'slices', 'sets.csv')
  const rows = Array.from({ length: 8 }, (_, i) => `slice-${i + 1}.png,${i < 4 ? 'a' : 'b'},${i % 2},${i < 4 ? 'train' : 'validation'}`)
  await writeFile(csv, ['file,patient,label,set', ...rows].join('\n'))
  const { code, stderr } = await runCli(['train', '--labelled', csv, ...tiny, '--constant', '--out', join(folder, 'labelled-model')])
  t.equal(code, 0, stderr)
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
  await fails([...out, '--label-maps', folder, '--epochs', 'many'], 2, /--epochs/)
  if (await requireTensorFlow(t) === undefined) return
  const maps = ['--label-maps', join(folder, 'maps'), ...tiny]
  await fails([...out, ...maps], 2, /--validate/)
  await fails([...out, ...maps, '--validate', 'four'], 3, /not in the data/)
  await fails([...out, ...maps, '--validate', 'one', '--leave-out', 'one'], 3, /both/)
  await fails([...out, '--label-maps', join(folder, 'absent'), '--validate', 'one'], 3, /cannot be read/)
})
