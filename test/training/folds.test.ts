import t from 'tap'
import type { Raster } from '../../src/imaging/raster.ts'
import type { Classifier } from '../../src/model/classifier.ts'
import type { ModelManifest } from '../../src/model/manifest.ts'
import { judge } from '../../src/training/evaluation.ts'
import { report } from '../../src/training/evaluation-report.ts'
import type { EvaluationSlice } from '../../src/training/evaluation-slice.ts'
import { foldChooser, foldFacts, hasSeen } from '../../src/training/folds.ts'
import type { Fold } from '../../src/training/folds.ts'
import { manifestOf } from '../helpers/manifest.ts'

const asked: string[] = []

/** A network that says the same of every slice. */
function network (name: string, probability: number, changes: Partial<ModelManifest> = {}): Classifier {
  return {
    manifest: manifestOf(changes),
    sha256: name,
    engine: 'none',
    classify: rasters => {
      asked.push(`${name} ${rasters.length}`)
      return Promise.resolve(rasters.map(() => ({ probability, heatmaps: [] })))
    },
    close: () => Promise.resolve(),
  }
}

function training (data: string, command: string): Pick<ModelManifest, 'training'> {
  return { training: { data, command, seed: 1, softwareVersion: '0.1.0' } }
}

function fold (name: string, patients: readonly string[] | undefined, changes: Partial<ModelManifest> = {}): Fold {
  return { name, ...patients === undefined ? {} : { patients }, classifier: network(name, 0.5, changes) }
}

t.test('every patient gets the network that never saw it, and the report says which', async t => {
  const raster: Raster = { width: 1, height: 1, channels: 3, data: new Float32Array(3), toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
  const slice = (patient: string, index: number): EvaluationSlice => ({ raster, label: 0, patient, series: `${patient}/1`, index, contrast: 'T2' })
  const folds: Fold[] = [
    { name: 'one', patients: ['a'], classifier: network('one', 0.1) },
    { name: 'two', patients: ['b*'], classifier: network('two', 0.2) },
    { name: 'rest', classifier: network('rest', 0.3) },
  ]
  const judgement = await judge(foldChooser(folds), [slice('a', 0), slice('a', 1), slice('b1', 0), slice('c', 0), slice('a', 2)])
  t.same(asked, ['one 2', 'two 1', 'rest 1', 'one 1'], 'no batch holds patients of two networks')
  t.same(judgement.judged.map(one => [one.patient, one.fold, one.probability]), [
    ['a', 'one', 0.1], ['a', 'one', 0.1], ['b1', 'two', 0.2], ['c', 'rest', 0.3], ['a', 'one', 0.1],
  ])
  t.same(foldFacts(folds, judgement).folds, [
    { name: 'one', sha256: 'one', patients: ['a'], slices: 3 },
    { name: 'two', sha256: 'two', patients: ['b1'], slices: 1 },
    { name: 'rest', sha256: 'rest', patients: ['c'], slices: 1 },
  ])
  t.same(foldFacts([], judgement), {})
})

t.test('a patient in no fold, in two, or seen by its network is refused', async t => {
  const refused = (folds: readonly Fold[], patient: string, message: RegExp): void => {
    t.throws(() => foldChooser(folds)(patient), { code: 'usage', message })
  }
  refused([fold('one', ['a'])], 'b', /b is in no fold/)
  refused([fold('one', ['a']), fold('two', ['a'])], 'a', /a is in two folds/)
  refused([fold('one', ['a1']), fold('two', ['a*'])], 'a1', /in two folds: one and two/)
  refused([fold('one', ['a']), fold('one', ['b'])], 'a', /names of their own/)
  refused([fold('one', ['a']), fold('two', ['b'], { architecture: 'tsc-cnn' })], 'a', /two differs from one in its architecture/)
  refused([fold('one', ['a']), fold('two', ['b'], { preprocessing: { ...manifestOf().preprocessing, fit: 'stretch' } })], 'a', /in its preprocessing/)
  refused([fold('one', ['a'], training('real slices: b, a', 'train'))], 'a', /one must not judge a: it was trained on that patient/)
  refused([fold('one', undefined, training('real slices: b, a', 'train'))], 'a', /must not judge/)
})

t.test('a manifest tells whom its network has seen, by every step of its training', async t => {
  const manifest = training('tubers drawn on: seg_01, p1',
    'tuberlens train --validate p2,p3 --leave-out p4,p5 --seed 1; then from its weights: tuberlens train --validate=p2 --leave-out p4 --seed 2')
  t.match(hasSeen(manifest, 'p1'), /trained on/)
  t.match(hasSeen(manifest, 'p2'), /--validate/)
  t.match(hasSeen(manifest, 'p3'), /--validate/, 'of an earlier step too')
  t.equal(hasSeen(manifest, 'p4'), undefined)
  t.match(hasSeen(manifest, 'p5'), /a part of its training did not leave/)
  t.equal(hasSeen(manifest, 'p6'), undefined, 'of whom nothing is said')
  t.equal(hasSeen(training('labelled pictures of 3 patients', 'tuberlens train'), 'p1'), undefined)
})

t.test('a series that is both tuber-free and a canvas counts once, and is still compared', async t => {
  const one = { label: 0, patient: 'a', series: 'a/1', contrast: 'T2' } as const
  const made = report({
    judged: [
      { ...one, index: 0, probability: 0.1 }, { ...one, index: 1, probability: 0.9 },
      { ...one, index: 1, probability: 0.8, pair: { key: 'k', difficulty: 'without' } },
      { ...one, label: 1, series: 'a/1 with easy 1', index: 1, probability: 0.9, pair: { key: 'k', difficulty: 'easy' } },
    ],
    unjudged: [],
  }, { threshold: 0.5, seriesRule: { kind: 'count', positive: 1, consecutive: 1 } })
  t.equal(made.tuberFree.slices, 2)
  t.equal(made.perSlice.count, 3)
  t.equal(made.paired['easy']?.auc, 1)
  t.same(made.paired['easy']?.withinPatients, { mean: 1, least: 1, greatest: 1 })
})
