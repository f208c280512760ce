import t from 'tap'
import { escaped, reliabilitySvg, rocSvg } from '../../src/training/chart-svg.ts'
import { evaluationPage, ruleText } from '../../src/training/evaluation-page.ts'
import { report } from '../../src/training/evaluation-report.ts'
import type { JudgedSlice } from '../../src/training/evaluation-slice.ts'

const facts = { model: { name: 'model', version: '1.0.0', sha256: '0', engine: 'none' }, command: 'tuberlens evaluate', software: '0.1.0', date: '2026-01-01' }
const slice = (patient: string, label: 0 | 1, probability: number, more: Partial<JudgedSlice> = {}): JudgedSlice =>
  ({ patient, label, probability, series: `${patient}/1`, index: 0, contrast: 'T2', ...more })

t.test('rules are told in words', async t => {
  t.equal(ruleText({ kind: 'count', positive: 1, consecutive: 1 }), 'at least 1 of its slices is positive')
  t.equal(ruleText({ kind: 'count', positive: 3, consecutive: 2 }), 'at least 3 of its slices are positive, 2 of them in a row')
  t.equal(ruleText({ kind: 'mean-top-k', k: 4, threshold: 0.6 }), 'the mean of its 4 greatest probabilities is at least 0.6000')
})

t.test('the page holds the figures, the pairs and the maps, each where there are any', async t => {
  const rule = { kind: 'mean-top-k', k: 1, threshold: 0.5 } as const
  const key = { key: 'x', difficulty: 'without' }
  const full = evaluationPage(report({
    judged: [
      slice('a', 0, 0.1, { pair: key }), slice('a', 1, 0.8, { pair: { key: 'x', difficulty: 'easy' }, maps: { 'grad-cam': { hit: true, mass: 0.4, chance: 0.1 } } }), slice('b', 1, 0.9), slice('c', 0, 0.3),
    ],
    unjudged: [],
  }, { threshold: 0.5, seriesRule: rule, specificity: 0.9, unlike: { blank: { slices: 4, caught: 3 } }, mapChecks: { 'grad-cam': { randomised: { slices: 3, rankCorrelation: 0.1, ssim: 0.2 }, moved: { slices: 2, shift: 60, miss: 12.5, followed: 0.8 } } } }), facts)
  for (const text of ['Implanted tubers', 'Maps and masks', 'grad-cam', '75.0 %', 'shuffled', '12.5', 'Proposal', 'Every slice that was given has a probability', 'sensitivity .67']) t.ok(full.includes(text), text)
  const bare = evaluationPage(report({ judged: [slice('a', 1, 0.9)], unjudged: [] }, { threshold: 0.5, seriesRule: rule }), facts)
  for (const text of ['Implanted tubers', 'Maps and masks', 'Proposal', 'Without tubers']) t.notOk(bare.includes(`<h2>${text}`), text)
  t.match(bare, /one class only: no curve/)
  for (const page of [full, bare]) t.notMatch(page, /undefined|NaN/)
})

t.test('two patients and two contrasts give the calibration with each left out', async t => {
  const page = evaluationPage(report({ judged: [slice('a', 0, 0.1), slice('b', 0, 0.7, { contrast: 'FLAIR' }), slice('b', 1, 0.9)], unjudged: [] },
    { threshold: 0.5, seriesRule: { kind: 'count', positive: 1, consecutive: 1 }, specificity: 0.9, calibrateOn: 'strictest' }),
  { ...facts, model: { ...facts.model, folds: [{ name: 'fold one', sha256: '1', patients: ['a', 'b'], slices: 3 }] } })
  for (const text of ['proposed: strictest', 'T2 alone', 'come from all other patients', 'Which network judged whom', '1 of 2, 50.0 %']) t.ok(page.includes(text), text)
  t.notMatch(page, /undefined|NaN/)
})

t.test('charts are whole SVG files that say in words what they show', async t => {
  const points = [{ threshold: 1, falsePositiveRate: 0, sensitivity: 0 }, { threshold: 0, falsePositiveRate: 1, sensitivity: 1 }]
  const roc = rocSvg([{ name: 'a & b', points, auc: 0.5 }, { name: 'c', points, auc: undefined }, { name: 'none', points: [], auc: undefined }])
  t.match(roc, /<desc[^>]*>a &amp; b: area under the curve 0\.500; c: area under the curve not defined<\/desc>/)
  t.match(roc, /M52\.0 316\.0L352\.0 16\.0/)
  t.match(reliabilitySvg([]), /<svg[\s\S]*<\/svg>$/)
  t.match(reliabilitySvg([{ low: 0, high: 0.1, count: 3, predicted: 0.05, observed: 1, interval: { low: 0.4, high: 1 } }]), /3 slices with mean probability 0\.05: share with tubers 1\.00/)
  t.equal(escaped('<a href="x">&'), '&lt;a href=&quot;x&quot;&gt;&amp;')
})
