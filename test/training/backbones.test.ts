import t from 'tap'
import type { BatchSource } from '../../src/training/batch-source.ts'
import { newTrainee } from '../../src/training/trainees.ts'
import { train, weightsOf } from '../../src/training/trainer.ts'
import type { TrainingBatch } from '../../src/training/training-batch.ts'
import { randomNumbers, requireTensorFlow } from '../model/support.ts'

const size = 75

/** Noise, brighter where the label is 1. */
function pictures (index: number): TrainingBatch {
  const values = randomNumbers(4 * size * size * 3, index + 1)
  const labels = Float32Array.of(0, 1, 0, 1)
  return { count: 4, pictures: values.map((value, i) => value + labels[Math.floor(i / (size * size * 3))]!), labels, cells: new Float32Array(0) }
}

const source: BatchSource = { batch: index => Promise.resolve(pictures(index)), close: () => Promise.resolve() }

for (const architecture of ['inception-v3', 'resnet-50'] as const) {
  t.test(`${architecture} trains, its normalisations too, and leaves no tensor behind`, async t => {
    const tf = await requireTensorFlow(t)
    if (tf === undefined) return
    const trainee = newTrainee(tf, architecture, { size, seed: 1, small: true })
    t.teardown(() => trainee.model.dispose())
    const before = weightsOf(trainee.model)
    const tensors = tf.memory().numTensors
    const plan = { epochs: 1, stepsPerEpoch: 2, learningRate: 0.001, schedule: 'constant', weightDecay: 0, labelSmoothing: 0, fingerprint: 'noise' } as const
    const [epoch] = await train(tf, trainee, plan, source, [pictures(9)])
    t.ok(Number.isFinite(epoch?.loss) && Number.isFinite(epoch?.trainingObjective))
    t.equal(tf.memory().numTensors, tensors)
    const after = weightsOf(trainee.model)
    const still = trainee.model.weights.filter((_, i) => after[i]!.every((value, j) => value === before[i]![j]))
    t.same(still.map(weight => weight.name), [], 'every weight has moved')
    t.equal(trainee.model.weights.some(weight => weight.name.endsWith('gamma')), architecture === 'resnet-50', 'as in Keras, InceptionV3 has no scales')
  })
}
