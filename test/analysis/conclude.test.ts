import t from 'tap'
import { concludeSeries, concludeStudy } from '../../src/analysis/conclude.ts'
import type { SliceFinding } from '../../src/model/finding.ts'
import { manifestOf } from '../helpers/manifest.ts'

const known = (...probabilities: number[]): SliceFinding[] => probabilities.map(probability => ({ kind: 'classified', probability, heatmaps: [] }))
const failed: SliceFinding = { kind: 'failed', reason: { code: 'pixel-decode-failed', text: 'cut short' } }
const undetermined: SliceFinding = { kind: 'undetermined', reason: { code: 'unlike', text: 'unlike anything trained on' } }
const normal = { incomplete: false, age: 30 }
const manifest = manifestOf()

t.test('a count rule wants enough positive slices and enough of them in a row', async t => {
  t.equal(concludeSeries(known(0.1, 0.5, 0.5, 0.1, 0.2), manifest, normal).conclusion, 'present', 'the threshold itself is positive')
  t.equal(concludeSeries(known(0.1, 0.9, 0.1, 0.9, 0.2), manifest, normal).conclusion, 'absent', 'two, but not in a row')
  t.equal(concludeSeries(known(0.1, 0.499, 0.9, 0.1, 0.2), manifest, normal).conclusion, 'absent')
})

t.test('the sentence states the rule, and what the reader cannot count', async t => {
  t.equal(concludeSeries(known(0.9, 0.9, 0.1), manifest, normal).ruleText, 'Series rule: at least 2 positive slices, 2 of them in a row (longest row here: 2).')
  const loose = manifestOf({ seriesRule: { kind: 'count', positive: 3, consecutive: 1 } })
  t.equal(concludeSeries(known(0.9, 0.9, 0.1), loose, normal).ruleText, 'Series rule: at least 3 positive slices.')
  const mean = manifestOf({ seriesRule: { kind: 'mean-top-k', k: 2, threshold: 0.842 } })
  t.equal(concludeSeries(known(0.9, 0.8, 0.1), mean, normal).ruleText, 'Series rule: the mean of the 2 largest probabilities (here 0.85) is at least 0.842.')
})

t.test('a slice without probability breaks a row', async t => {
  t.equal(concludeSeries([...known(0.9), failed, ...known(0.9, 0.1, 0.1)], manifest, normal).conclusion, 'absent')
})

t.test('a mean rule takes the largest probabilities', async t => {
  const mean = manifestOf({ seriesRule: { kind: 'mean-top-k', k: 3, threshold: 0.6 } })
  t.equal(concludeSeries(known(0.9, 0.1, 0.6, 0.3, 0.2), mean, normal).conclusion, 'present', '(0.9 + 0.6 + 0.3) / 3 = 0.6')
  t.equal(concludeSeries(known(0.9, 0.1, 0.59, 0.3, 0.2), mean, normal).conclusion, 'absent')
})

t.test('more than 20 % of the slices without probability make a negative undetermined', async t => {
  t.equal(concludeSeries([...known(0.1, 0.1, 0.1, 0.1), failed], manifest, normal).conclusion, 'absent', 'exactly 20 %')
  t.equal(concludeSeries([...known(0.1, 0.1, 0.1), undetermined], manifest, normal).conclusion, 'undetermined', '25 %')
  t.equal(concludeSeries([...known(0.9, 0.9), failed, failed], manifest, normal).conclusion, 'present', 'a rule that holds still holds')
  t.equal(concludeSeries([], manifest, normal).conclusion, 'undetermined', 'nothing analysed is not negative')
})

t.test('an incomplete series is never negative', async t => {
  t.equal(concludeSeries(known(0.1, 0.1), manifest, { incomplete: true, age: undefined }).conclusion, 'undetermined')
  t.equal(concludeSeries(known(0.9, 0.9), manifest, { incomplete: true, age: undefined }).conclusion, 'present')
})

t.test('a series with fewer slices than its rule needs is never negative', async t => {
  t.match(concludeSeries(known(0.9), manifest, normal), { conclusion: 'undetermined', ruleText: /too few/ })
  const mean = manifestOf({ seriesRule: { kind: 'mean-top-k', k: 3, threshold: 0.6 } })
  t.match(concludeSeries(known(0.9, 0.9), mean, normal), { conclusion: 'undetermined', ruleText: /too few/ })
})

t.test('under the manifest\'s age everything is undetermined', async t => {
  const { conclusion, ruleText } = concludeSeries(known(0.9, 0.9), manifest, { incomplete: false, age: 1.5 })
  t.equal(conclusion, 'undetermined')
  t.match(ruleText, /under 2 years/)
  t.equal(concludeSeries(known(0.9, 0.9), manifest, { incomplete: false, age: 2 }).conclusion, 'present')
})

t.test('a study is present by one series, absent only when all are', async t => {
  t.equal(concludeStudy(['absent', 'present', 'undetermined']), 'present')
  t.equal(concludeStudy(['absent', 'undetermined']), 'undetermined')
  t.equal(concludeStudy(['absent', 'absent']), 'absent')
  t.equal(concludeStudy([]), 'undetermined')
})
