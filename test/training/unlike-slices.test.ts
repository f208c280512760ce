import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'fast-png'
import t from 'tap'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import type { Distribution } from '../../src/imaging/out-of-distribution.ts'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import { rasterizeGray } from '../../src/imaging/rasterize.ts'
import { sliceStatistics } from '../../src/imaging/slice-statistics.ts'
import { corrupt, corruptions } from '../../src/training/corruption.ts'
import { Random } from '../../src/training/random.ts'
import { countUnlike, SpoiledCounter } from '../../src/training/unlike-slices.ts'
import { dataPath } from '../helpers/data.ts'
import { smallFlair } from './small-head.ts'

const preprocessing: Preprocessing = {
  width: 112, height: 112, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
}
const side = 112
const volume = smallFlair()
const slice = volume.data.subarray(14 * side * side, 15 * side * side)
const raster = rasterizeGray({ width: side, height: side, data: slice, values: 'modality' }, preprocessing)
/** Whatever has the statistics of this slice, within a little. */
const distribution: Distribution = {
  statistics: 1,
  kinds: [{
    name: 'this', mean: [...sliceStatistics(raster, preprocessing)!], spread: Array.from({ length: 20 }, () => 0.2),
    precision: Array.from({ length: 20 }, (_, i) => Array.from({ length: i + 1 }, (__, k) => i === k ? 1 : 0)).flat(),
  }],
  limit: 3,
}

const same = (one: Float32Array, other: Float32Array): boolean => one.every((value, i) => value === other[i])

t.test('every corruption changes the picture, stays in range, and is repeatable', async t => {
  for (const kind of Object.keys(corruptions) as (keyof typeof corruptions)[]) {
    const spoiled = corrupt(raster, kind, preprocessing, new Random(3))
    t.notOk(same(spoiled.data, raster.data), kind)
    t.ok(spoiled.data.every(value => value >= 0 && value <= 1), `${kind} is in range`)
    t.ok(same(spoiled.data, corrupt(raster, kind, preprocessing, new Random(3)).data), `${kind} is repeatable`)
  }
  const shifted = corrupt({ ...raster, data: raster.data.map(value => 2 * value - 1) }, 'inverted', { ...preprocessing, range: [-1, 1] }, new Random(3))
  t.ok(Math.abs(shifted.data[0]! - (1 - 2 * raster.data[0]!)) < 1e-5, 'in the range of the manifest')
})

t.test('spoiled slices are counted, every second one', async t => {
  const counter = new SpoiledCounter({ preprocessing, distribution }, 2, 1)
  for (let i = 0; i < 4; i++) counter.see(raster)
  t.same(Object.keys(counter.counts).sort(), Object.keys(corruptions).sort())
  t.same(counter.counts.blank, { slices: 2, caught: 2 })
  t.same(counter.counts.noise, { slices: 2, caught: 2 })
  const without = new SpoiledCounter({ preprocessing }, 1, 1)
  without.see(raster)
  t.same(without.counts.noise, { slices: 1, caught: 0 }, 'without a rule nothing is caught')
})

t.test('folders of other slices are counted, pictures and DICOM alike', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  const decoder = createDecoder()
  t.teardown(async () => {
    await decoder.close()
    await rm(folder, { recursive: true, force: true })
  })
  const options = { preprocessing, distribution, decoder }
  await mkdir(join(folder, 'others'))
  const write = (name: string, data: Uint8Array) => writeFile(join(folder, 'others', name), encode({ width: side, height: side, channels: 1, depth: 8, data }))
  await write('head.png', Uint8Array.from(raster.data.filter((_, i) => i % 3 === 0), value => Math.round(255 * value)))
  await write('blank.png', new Uint8Array(side * side))
  await write('half.png', Uint8Array.from({ length: side * side }, (_, i) => i % side < 40 ? 200 : 10))
  await writeFile(join(folder, 'others', 'readme'), 'no picture')
  t.same(await countUnlike(join(folder, 'others'), options), { others: { slices: 3, caught: 2 } })
  await mkdir(join(folder, 'empty'))
  await t.rejects(countUnlike(join(folder, 'empty'), options), { code: 'training-data-invalid' })
  await t.rejects(countUnlike(join(folder, 'absent'), options), { code: 'input-unreadable' })
  const noise = dataPath(t, 'mr-dicom/siemens-mosaic-9-syntaxes')
  if (noise === undefined) return
  const mosaic = await countUnlike(noise, options)
  t.ok(mosaic['siemens-mosaic-9-syntaxes']!.slices > 0)
  const stopped = AbortSignal.abort()
  await t.rejects(countUnlike(noise, { ...options, signal: stopped }), { code: 'interrupted' })
})
