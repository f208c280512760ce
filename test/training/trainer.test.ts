import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Variable } from '@tensorflow/tfjs'
import t from 'tap'
import type { TensorFlow } from '../../src/model/tensorflow.ts'
import { AdamW } from '../../src/training/adamw.ts'
import type { BatchSource } from '../../src/training/batch-source.ts'
import type { Checkpoint } from '../../src/training/checkpoint.ts'
import { readCheckpoint, writeCheckpoint } from '../../src/training/checkpoint.ts'
import { crossEntropy, imageLoss, mapLoss, toCells } from '../../src/training/loss.ts'
import { Random } from '../../src/training/random.ts'
import { architecturesNamed, newTrainee } from '../../src/training/trainees.ts'
import type { EpochFigures, TrainingPlan } from '../../src/training/trainer.ts'
import { bestEpoch, train, weightsOf } from '../../src/training/trainer.ts'
import type { TrainingBatch } from '../../src/training/training-batch.ts'
import { requireTensorFlow } from '../model/support.ts'

const size = 32

/** Noise with a bright disc where the label is 1: what any network should learn. */
function discs (index: number, count = 8): TrainingBatch {
  const pictures = new Float32Array(count * size * size * 3)
  const labels = new Float32Array(count)
  const cells = new Float32Array(count * 16)
  for (let n = 0; n < count; n++) {
    const random = new Random(index, n)
    const picture = random.fillNormal(new Float32Array(size * size), 0.1)
    const mask = new Float32Array(size * size)
    labels[n] = n % 2
    if (n % 2 === 1) {
      const [cx, cy] = [8 + random.below(16), 8 + random.below(16)]
      for (let i = 0; i < mask.length; i++) if (Math.hypot(i % size - cx, Math.floor(i / size) - cy) < 5) mask[i] = 1
    }
    for (let i = 0; i < mask.length; i++) pictures.fill(picture[i]! + mask[i]!, (n * size * size + i) * 3, (n * size * size + i) * 3 + 3)
    cells.set(toCells(mask, size, 8), n * 16)
  }
  return { count, pictures, labels, cells }
}

const source: BatchSource = { batch: index => Promise.resolve(discs(index)), close: () => Promise.resolve() }
const plan: TrainingPlan = {
  epochs: 3, stepsPerEpoch: 12, learningRate: 0.01, schedule: 'one-cycle', weightDecay: 0.001, labelSmoothing: 0.02, fingerprint: 'discs',
}
const trainee = (tf: TensorFlow, seed = 1) => newTrainee(tf, 'evidence-map', { size, seed, small: true })

t.test('the losses are those worked out by hand', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const close = (found: number, wanted: number): void => { t.ok(Math.abs(found - wanted) < 1e-6, `${found} is ${wanted}`) }
  tf.tidy(() => {
    const ln2 = Math.log(2)
    const softplus = (x: number): number => Math.log(1 + Math.exp(x))
    const entropy = crossEntropy(tf, tf.tensor([0, 2, -3]), tf.tensor([1, 0, 1])).dataSync()
    ;[ln2, softplus(2), softplus(3)].forEach((wanted, i) => close(entropy[i]!, wanted))
    // labels 1 and 0 become 0.98 and 0.02: softplus(x) − x·z
    close(imageLoss(tf, tf.tensor([2, -1]), tf.tensor([1, 0]), 0.02).dataSync()[0]!, (softplus(2) - 2 * 0.98 + softplus(-1) + 0.02) / 2)
    // a tuber cell weighs 8, a border cell nothing; the map counts twice
    close(mapLoss(tf, tf.tensor([0, 0, 0]), tf.tensor([0.9, 0.2, 0.1])).dataSync()[0]!, 2 * (8 * ln2 + 0 + ln2) / 3)
  })
})

t.test('a cell holds the largest share of tuber in it', async t => {
  const mask = new Float32Array(256)
  mask[3 * 16 + 9] = 0.4
  mask[3 * 16 + 10] = 0.7
  t.same([...toCells(mask, 16, 8)].map(value => Math.round(value * 10)), [0, 7, 0, 0])
})

t.test('the first steps of AdamW are those of the formula', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const weight = tf.variable(tf.tensor2d([[1, -2]]), true, 'test_kernel')
  const bias = tf.variable(tf.tensor1d([3]), true, 'test_bias')
  const optimizer = new AdamW(tf, [weight, bias] as Variable[], { weightDecay: 0.1 })
  const step = (gradient: number): void => {
    tf.tidy(() => optimizer.apply({ test_kernel: tf.tensor2d([[gradient, -gradient]]), test_bias: tf.tensor1d([gradient]) }, 0.01))
  }
  const close = (found: Float32Array | Int32Array | Uint8Array, wanted: readonly number[]): void => {
    wanted.forEach((value, i) => t.ok(Math.abs(found[i]! - value) < 1e-5, `${found[i]} is ${value}`))
  }
  step(0.5)
  // the first step is one learning rate long whatever the gradient; kernels decay by rate × decay, biases do not
  close(weight.dataSync(), [1 * 0.999 - 0.01, -2 * 0.999 + 0.01])
  close(bias.dataSync(), [3 - 0.01])
  step(1)
  const mean = (0.9 * 0.05 + 0.1 * 1) / (1 - 0.9 ** 2)
  const square = (0.999 * 0.00025 + 0.001 * 1) / (1 - 0.999 ** 2)
  close(bias.dataSync(), [2.99 - 0.01 * mean / Math.sqrt(square)])
  optimizer.dispose()
  tf.dispose([weight, bias])
})

t.test('the loss goes down on a trivial set, nothing leaks, and the lowest epoch is kept', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const net = trainee(tf)
  const steps: number[] = []
  const before = tf.memory().numTensors
  const history = await train(tf, net, plan, source, [discs(1000, 16)], { onStep: (_step, _steps, objective) => steps.push(objective) })
  t.equal(tf.memory().numTensors, before)
  t.equal(steps.length, 36)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  t.ok(mean(steps.slice(-6)) < 0.7 * mean(steps.slice(0, 6)), `${mean(steps.slice(0, 6))} to ${mean(steps.slice(-6))}`)
  const best = Math.min(...history.map(epoch => epoch.loss))
  const [again] = await train(tf, net, { ...plan, epochs: 1, stepsPerEpoch: 1, learningRate: 0, schedule: 'constant', weightDecay: 0 }, source, [discs(1000, 16)])
  // the step of rate 0 moves the normalisation statistics alone
  t.ok(Math.abs(again!.loss - best) < 0.25, `${again!.loss} is near ${best}`)
})

t.test('a run that was stopped goes on from its checkpoint to the same weights', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'checkpoint')
  const whole = trainee(tf)
  await train(tf, whole, plan, source, [discs(1000)])
  const stopper = new AbortController()
  const first = trainee(tf)
  await t.rejects(train(tf, first, plan, source, [discs(1000)], {
    signal: stopper.signal,
    save: checkpoint => writeCheckpoint(path, checkpoint),
    onEpoch: ({ epoch }: EpochFigures) => { if (epoch === 2) stopper.abort() },
  }), { code: 'interrupted' })
  const resumed = trainee(tf, 99)
  const history = await train(tf, resumed, plan, source, [discs(1000)], { resume: await readCheckpoint(path, 'discs') })
  t.same(history.map(({ epoch }) => epoch), [1, 2, 3])
  const difference = weightsOf(resumed.model).reduce((most, values, i) =>
    values.reduce((larger, value, k) => Math.max(larger, Math.abs(value - weightsOf(whole.model)[i]![k]!)), most), 0)
  t.ok(difference < 1e-3, String(difference))
  await t.rejects(readCheckpoint(path, 'another'), { code: 'training-data-invalid' })
  t.equal(await readCheckpoint(join(folder, 'absent'), 'discs'), undefined)
  await writeFile(path, 'damaged')
  await t.rejects(readCheckpoint(path, 'discs'), { message: /damaged/ })
})

t.test('a run without a lower validation loss ends early, and stays ended when it is resumed', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  // nothing is learned at a rate of 0; the statistics of the normalisation alone move, so that the loss may fall once or twice
  const patient: TrainingPlan = { ...plan, epochs: 30, stepsPerEpoch: 1, learningRate: 0, schedule: 'constant', weightDecay: 0, patience: 2 }
  const saved: Checkpoint[] = []
  const validation = [discs(1000)]
  const history = await train(tf, trainee(tf), patient, { ...source, batch: () => source.batch(0) }, validation, {
    save: checkpoint => {
      saved.push({ ...checkpoint, history: [...checkpoint.history] })
      return Promise.resolve()
    },
  })
  t.ok(history.length < 30, `${history.length} epochs`)
  t.equal(history.length - bestEpoch(history).epoch, 2)
  let epochs = 0
  const resumed = await train(tf, trainee(tf, 5), patient, source, validation, { resume: saved.at(-1), onEpoch: () => { epochs++ } })
  t.same([epochs, resumed.length], [0, history.length])
  const middle = await train(tf, trainee(tf, 5), patient, { ...source, batch: () => source.batch(0) }, validation, { resume: saved.at(-2) })
  t.equal(middle.length, history.length, 'the epochs without gain before the stop count')
})

t.test('a loss that is no number ends the run with a word', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const broken: BatchSource = { batch: index => Promise.resolve({ ...discs(index), labels: new Float32Array(8).fill(Number.NaN) }), close: () => Promise.resolve() }
  await t.rejects(train(tf, trainee(tf), plan, broken, [discs(1000)]), { code: 'engine-failed', message: /learning rate/ })
  const other: Checkpoint = { plan: '', weights: [], bestWeights: [], optimizer: { steps: 0, means: [], squares: [] }, history: [] }
  await t.rejects(train(tf, trainee(tf), plan, source, [discs(1000)], { resume: other }), { code: 'training-data-invalid' })
})

t.test('architectures are chosen by name', async t => {
  t.same(architecturesNamed('tsc-cnn'), ['tsc-cnn'])
  t.same(architecturesNamed('all'), ['evidence-map', 'tsc-cnn', 'inception-v3', 'resnet-50'])
  t.throws(() => architecturesNamed('best'), { code: 'usage' })
})
