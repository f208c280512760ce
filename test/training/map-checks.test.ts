import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import t from 'tap'
import type { Raster } from '../../src/imaging/raster.ts'
import type { Classifier } from '../../src/model/classifier.ts'
import { loadModel } from '../../src/model/load-model.ts'
import type { EvaluationSlice } from '../../src/training/evaluation-slice.ts'
import { MapChecker, moveTuber } from '../../src/training/map-checks.ts'
import { mapLikeness, ranks } from '../../src/training/map-likeness.ts'
import { withRandomWeights } from '../../src/training/random-weights.ts'
import { manifestOf } from '../helpers/manifest.ts'
import { tinyModel } from '../model/support.ts'

const size = 112
const preprocessing = { ...manifestOf().preprocessing, width: size, height: size }

/** A head of 0.3 with a tuber of 0.9 where asked. */
function raster (tuber?: readonly [number, number]): Raster {
  const data = new Float32Array(size * size * 3)
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [i % size, Math.floor(i / size)]
    const spot = tuber !== undefined && Math.hypot(x - tuber[0], y - tuber[1]) < 5
    data.fill(spot ? 0.9 : Math.hypot(x - 56, y - 56) < 45 ? 0.3 : 0, 3 * i, 3 * i + 3)
  }
  return { width: size, height: size, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
}

function maskAt (tuber: readonly [number, number]): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => Math.hypot(i % size - tuber[0], Math.floor(i / size) - tuber[1]) < 5 ? 1 : 0)
}

/** A network whose map is what `value` makes of each pixel. */
function network (value: (grey: number, at: number) => number): Classifier {
  return {
    manifest: manifestOf({ preprocessing }),
    sha256: '0',
    engine: 'none',
    classify: (rasters, methods) => Promise.resolve(rasters.map(one => ({
      probability: 0.5,
      heatmaps: methods.map(method => ({
        method, width: size, height: size, values: Float32Array.from({ length: size * size }, (_, i) => value(one.data[3 * i]!, i)), empty: false,
      })),
    }))),
    close: () => Promise.resolve(),
  }
}

const slice = (difficulty: string, tuber?: readonly [number, number], key = 'k'): EvaluationSlice => ({
  raster: raster(tuber), label: tuber === undefined ? 0 : 1, patient: 'a', series: 'a/1', index: 0, contrast: 'T2', pair: { key, difficulty },
  ...tuber === undefined ? {} : { mask: maskAt(tuber) },
})
const three = [slice('without'), slice('moderate', [40, 40]), slice('moderate', [75, 60])]

t.test('maps are compared by rank and by structure', async t => {
  t.same(ranks([3, 1, 3, 2]), [2.5, 0, 2.5, 1], 'equal values share their rank')
  const all = new Uint8Array(size * size).fill(1)
  const ramp = Float32Array.from({ length: size * size }, (_, i) => i / size / size)
  const same = mapLikeness(ramp, ramp, all, size)
  t.ok(Math.abs(same.rankCorrelation - 1) < 1e-9 && Math.abs(same.ssim - 1) < 1e-6)
  t.ok(Math.abs(mapLikeness(ramp, ramp.map(value => value ** 3), all, size).rankCorrelation - 1) < 1e-9, 'the order alone counts')
  t.ok(Math.abs(mapLikeness(ramp, ramp.map(value => 1 - value), all, size).rankCorrelation + 1) < 1e-9)
  t.ok(mapLikeness(ramp, ramp.map(value => 1 - value), all, size).ssim < 0.5)
  const black = new Float32Array(size * size)
  t.same(mapLikeness(ramp, black, all, size).rankCorrelation, 0)
  t.same(mapLikeness(black, black, all, size), { rankCorrelation: 0, ssim: 0 })
  t.equal(mapLikeness(ramp, ramp, new Uint8Array(size * size), size).rankCorrelation, 0, 'no head')
})

t.test('a tuber is moved with what it changed, and nothing else', async t => {
  const [wanted, plain] = [raster([75, 60]).data, raster().data]
  const moved = moveTuber(raster(), raster([40, 40]), maskAt([40, 40]), { x: 35, y: 20 }, preprocessing)
  t.ok(moved.data.every((value, i) => Math.abs(value - wanted[i]!) < 1e-6))
  const out = moveTuber(raster(), raster([40, 40]), maskAt([40, 40]), { x: 200, y: 0 }, preprocessing)
  t.ok(out.data.every((value, i) => Math.abs(value - plain[i]!) < 1e-6), 'beyond the edge it is gone')
})

t.test('a map that shows the tuber follows it and changes with the weights; one that shows the place does neither', async t => {
  const check = async (trained: Classifier, random: Classifier, slices: readonly EvaluationSlice[] = three, step = 1) => {
    const checker = new MapChecker({ trained, random }, ['grad-cam'], step)
    for (const one of slices) await checker.see(one)
    return checker.checks['grad-cam']
  }
  const tuber = network(grey => grey > 0.5 ? 1 : 0.1 * grey)
  const good = await check(tuber, network((_, at) => (at % 7) / 7))
  t.equal(good?.moved.slices, 1)
  t.ok(Math.abs(good!.moved.shift - Math.hypot(35, 20)) < 1)
  t.ok(good!.moved.miss < 1 && Math.abs(good!.moved.followed - 1) < 0.05)
  t.ok(Math.abs(good!.randomised.rankCorrelation) < 0.3)
  const place = network((_, at) => (at % size) / size)
  const bad = await check(place, place)
  t.ok(Math.abs(bad!.randomised.rankCorrelation - 1) < 1e-9 && Math.abs(bad!.randomised.ssim - 1) < 1e-6)
  t.same([bad!.moved.followed, Math.round(bad!.moved.miss)], [0, Math.round(Math.hypot(35, 20))])
  const near = await check(tuber, tuber, [slice('without'), slice('moderate', [40, 40]), slice('moderate', [45, 40])])
  t.match(near, { randomised: { slices: 1 }, moved: { slices: 0, shift: 0, miss: 0, followed: 0 } }, 'a short way is none')
  t.equal(await check(tuber, tuber, [slice('without'), slice('easy', [40, 40]), slice('moderate', [40, 40], 'other')]), undefined)
  const twice = await check(tuber, tuber, [...three, ...three, ...three], 2)
  t.equal(twice?.moved.slices, 2, 'every second')
})

t.test('a network with shuffled weights has the same values, other answers, and leaves no folder behind', async t => {
  const own = await loadModel(tinyModel, { engine: 'auto' })
  t.teardown(() => own.close())
  const { width } = own.manifest.preprocessing
  const data = Float32Array.from({ length: width * width * 3 }, (_, i) => (Math.sin(i) + 1) / 2)
  const one: Raster = { width, height: width, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
  const folders = async () => (await readdir(tmpdir())).filter(name => name.startsWith('tuberlens-random-')).length
  const before = await folders()
  const answers = async (seed: number) => await withRandomWeights(tinyModel, own.manifest, seed, async directory => {
    const random = await loadModel(directory, { engine: 'auto' })
    try {
      return (await random.classify([one], []))[0]!.probability
    } finally {
      await random.close()
    }
  })
  const [first] = await own.classify([one], [])
  const shuffled = await answers(1)
  t.not(shuffled, first!.probability)
  t.equal(await answers(1), shuffled, 'repeatable')
  t.equal(await folders(), before)
  await t.rejects(withRandomWeights(tinyModel, { ...own.manifest, files: [] }, 1, () => Promise.resolve()), { code: 'model-invalid' })
})
