import t from 'tap'
import { learningChart } from '../../src/training/learning-chart.ts'
import { learningCurve } from '../../src/training/learning-curve.ts'
import { bestEpoch } from '../../src/training/trainer.ts'

const history = [0.9, 0.4, 0.4, 0.7].map((loss, i) => ({
  epoch: i + 1, trainingObjective: 1 - i / 10, objective: loss + 0.1, loss, probabilities: i === 0 ? [0.9, 0.1, 0.2, 0.3] : [0.1, 0.2, 0.8, 0.9],
}))

t.test('a curve tells every epoch, and which was kept', async t => {
  t.equal(bestEpoch(history).epoch, 2, 'the first of equal ones')
  const curve = learningCurve('tsc-cnn', history, [0, 0, 1, 1])
  t.equal(curve.bestEpoch, 2)
  t.same(curve.epochs[1], { epoch: 2, trainingObjective: 0.9, validationObjective: 0.5, validationLoss: 0.4, validationAuc: 1 })
  // of the four pairs of one slice with and one without, two are in order
  t.equal(curve.epochs[0]!.validationAuc, 0.5)
  t.equal(learningCurve('tsc-cnn', history, [1, 1, 1, 1]).epochs[0]!.validationAuc, null, 'one class only')
})

t.test('the chart has a panel for each architecture, and says what it shows', async t => {
  const one = learningCurve('tsc-cnn', history, [0, 0, 1, 1])
  const short = learningCurve('resnet-50', history.slice(0, 1), [1, 1, 1, 1])
  const svg = learningChart([one, short, { ...one, architecture: 'a < b' }])
  t.match(svg, /^<svg [^]*<\/svg>$/)
  t.match(svg, /tsc-cnn: lowest validation loss 0\.4000 in epoch 2 of 4/)
  t.match(svg, 'tsc-cnn: 0.4000, AUC 1.000 in epoch 2')
  t.match(svg, 'resnet-50: 0.9000 in epoch 1')
  t.notMatch(svg, 'a < b')
  t.notMatch(svg, /NaN|Infinity|undefined/)
  t.equal(svg.match(/stroke-dasharray="7 4"\/>/g)?.length, 3, 'the legend and two panels; one epoch is points')
  t.match(learningChart([]), /^<svg/)
})
