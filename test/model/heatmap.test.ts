import t from 'tap'
import { heatmapOf } from '../../src/model/heatmap.ts'

const map = (width: number, height: number, ...values: number[]) => ({ width, height, values: Float32Array.from(values) })

t.test('a map of the raster\'s own size is divided by its largest value', async t => {
  const heatmap = heatmapOf('saliency', map(2, 2, 0, 1, 2, 4), { width: 2, height: 2 })
  t.same(heatmap, { method: 'saliency', width: 2, height: 2, values: Float32Array.of(0, 0.25, 0.5, 1), empty: false })
})

t.test('two cells over four pixels: centres a quarter, three quarters, and held at the edges', async t => {
  const { values } = heatmapOf('grad-cam', map(2, 1, 0, 4), { width: 4, height: 1 })
  t.same(values, Float32Array.of(0, 0.25, 0.75, 1))
})

t.test('a 2×2 map over 4×4: bilinear in both directions', async t => {
  const { values } = heatmapOf('evidence', map(2, 2, 0, 0, 0, 16), { width: 4, height: 4 })
  t.same(values, Float32Array.of(
    0, 0, 0, 0,
    0, 1 / 16, 3 / 16, 4 / 16,
    0, 3 / 16, 9 / 16, 12 / 16,
    0, 4 / 16, 12 / 16, 1,
  ))
})

t.test('after stretching the largest value is 1 again', async t => {
  // the one cell's centre falls between two pixels' centres
  const { values } = heatmapOf('grad-cam', map(3, 1, 0, 8, 0), { width: 6, height: 1 })
  t.equal(Math.max(...values), 1)
})

t.test('negative values are no evidence: they become 0 before stretching', async t => {
  const { values, empty } = heatmapOf('evidence', map(2, 1, -8, 4), { width: 4, height: 1 })
  t.same(values, Float32Array.of(0, 0.25, 0.75, 1))
  t.equal(empty, false)
})

t.test('a map without a positive value is empty, and stays zero', async t => {
  const heatmap = heatmapOf('evidence', map(2, 1, -8, 0), { width: 4, height: 2 })
  t.equal(heatmap.empty, true)
  t.same(heatmap.values, new Float32Array(8))
})

t.test('the map that was given is not changed', async t => {
  const raw = map(2, 1, -8, 4)
  heatmapOf('evidence', raw, { width: 2, height: 1 })
  t.same(raw.values, Float32Array.of(-8, 4))
})
