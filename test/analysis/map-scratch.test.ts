import { readdirSync } from 'node:fs'
import t from 'tap'
import { MapScratch } from '../../src/analysis/map-scratch.ts'
import type { Heatmap, SliceFinding } from '../../src/model/finding.ts'

const map = (method: Heatmap['method'], ...values: number[]): Heatmap =>
  ({ method, width: 2, height: values.length / 2, values: Float32Array.from(values), empty: values.every(value => value === 0) })
const found = (...heatmaps: Heatmap[]): SliceFinding => ({ kind: 'classified', probability: 0.25, heatmaps })

t.test('maps come back as they were, in any order and as often as they are asked for', async t => {
  const folder = t.testdir()
  const scratch = await MapScratch.open(folder)
  t.teardown(async () => await scratch.close())
  t.strictSame(readdirSync(folder), [], 'the file has no name')
  const given = [found(map('grad-cam', 0.1, 1), map('saliency', 1, 0.2, 0.3, 0.4)), found(map('grad-cam', 0, 0))]
  const kept: SliceFinding[] = []
  for (const finding of given) kept.push(await scratch.keep(finding))
  for (const i of [1, 0, 0]) t.strictSame(kept[i], given[i])
  const [first] = kept
  if (first?.kind !== 'classified') throw new Error('not classified')
  const [gradCam, saliency] = first.heatmaps
  t.equal(gradCam!.values, gradCam!.values, 'one that was read is not read again at once')
  t.not(saliency!.values, gradCam!.values)
})

t.test('a finding without maps is kept as it is', async t => {
  const scratch = await MapScratch.open(t.testdir())
  const failed: SliceFinding = { kind: 'failed', reason: { code: 'pixel-decode-failed', text: 'cut' } }
  t.equal(await scratch.keep(failed), failed)
  await scratch.close()
})

t.test('once it is closed there are no maps', async t => {
  const scratch = await MapScratch.open(t.testdir())
  const kept = await scratch.keep(found(map('grad-cam', 0.5, 1)))
  await scratch.close()
  if (kept.kind !== 'classified') throw new Error('not classified')
  t.throws(() => kept.heatmaps[0]!.values)
})
