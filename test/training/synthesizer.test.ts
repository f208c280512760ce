import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { CanvasSeries } from '../../src/training/canvas.ts'
import { readCanvases } from '../../src/training/canvas.ts'
import { Random } from '../../src/training/random.ts'
import { difficulties, tuberCount } from '../../src/training/slice-picture.ts'
import type { SyntheticSlice } from '../../src/training/synthesizer.ts'
import { Synthesizer } from '../../src/training/synthesizer.ts'
import { readLabelMaps, toTissueVolume } from '../../src/training/tissue-volume.ts'
import type { TissueVolume } from '../../src/training/tissue-volume.ts'
import { dataPath } from '../helpers/data.ts'
import { niftiBytes, smallFlair, smallHead } from './small-head.ts'

/** One string for all of a slice; comparing arrays of this size element by element takes a test runner seconds. */
function digest ({ stored, mask, ...rest }: SyntheticSlice): string {
  return createHash('sha256').update(stored).update(mask).update(JSON.stringify(rest)).digest('hex')
}

let folder: string
let labelMaps: TissueVolume[]
let canvases: CanvasSeries[]

t.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  await mkdir(join(folder, 'maps'))
  await mkdir(join(folder, 'canvases', 'anna'), { recursive: true })
  await writeFile(join(folder, 'maps', 'head_1.nii'), niftiBytes(smallHead()))
  await writeFile(join(folder, 'canvases', 'anna', 'study1_FLAIR.nii'), niftiBytes(smallFlair()))
  await writeFile(join(folder, 'canvases', 'anna', 'study1_T2W.nii'), niftiBytes(smallFlair()))
  await writeFile(join(folder, 'canvases', 'anna', 'study2_T2W.nii'), niftiBytes(smallFlair()))
  labelMaps = await readLabelMaps(join(folder, 'maps'))
  canvases = await readCanvases(join(folder, 'canvases'))
})
t.teardown(() => rm(folder, { recursive: true, force: true }))

t.test('a label map is cut to its brain, patient by file name', async t => {
  const [head] = labelMaps
  t.equal(head!.patient, 'head_1')
  t.equal(head!.brain[1] - head!.brain[0] > 60, true)
  t.ok(head!.cerebrum[0] >= head!.brain[0] && head!.cerebrum[1] <= head!.brain[1])
  t.same(head!.centre.map(Math.round), [56, 56])
  t.same(await readLabelMaps(join(folder, 'maps'), () => false), [])
})

t.test('canvases pair T2 with the FLAIR of its study, and leave out a T2 without', async t => {
  t.same(canvases.map(({ patient, name, contrast }) => [patient, name, contrast]),
    [['anna', 'study1_FLAIR', 'FLAIR'], ['anna', 'study1_T2W', 'T2']])
  t.equal(canvases[0]!.slices.length, 28)
})

t.test('slices depend on seed and number alone', async t => {
  const one = new Synthesizer({ labelMaps, canvases: [], seed: 5 })
  const other = new Synthesizer({ labelMaps, canvases: [], seed: 5 })
  other.draw(1)
  t.equal(digest(one.draw(3)), digest(other.draw(3)))
  t.not(digest(one.draw(3)), digest(one.draw(4)))
  t.not(digest(one.draw(3)), digest(new Synthesizer({ labelMaps, canvases: [], seed: 6 }).draw(3)))
})

t.test('about half of the slices have tubers, half are T2, and the label is what the mask says', async t => {
  const synthesizer = new Synthesizer({ labelMaps, canvases: [], seed: 1, size: 96 })
  const slices = Array.from({ length: 120 }, (_, i) => synthesizer.draw(i))
  const positive = slices.filter(slice => slice.label === 1)
  t.ok(positive.length > 40 && positive.length < 80, String(positive.length))
  const t2 = slices.filter(slice => slice.contrast === 'T2').length
  t.ok(t2 > 40 && t2 < 80, String(t2))
  for (const { label, mask, stored, patient } of slices) {
    t.equal(mask.some(value => value > 0), label === 1)
    t.ok(mask.every(value => value >= 0 && value <= 1) && stored.every(value => value >= 0 && Number.isInteger(value)))
    t.equal(patient, 'head_1')
  }
})

t.test('tubers are brighter than what surrounds them, on both contrasts', async t => {
  const synthesizer = new Synthesizer({ labelMaps, canvases: [], seed: 2, difficulty: difficulties.easy })
  let brighter = 0
  let count = 0
  for (let i = 0; count < 20; i++) {
    const { label, mask, stored } = synthesizer.draw(i)
    if (label === 0) continue
    count++
    const mean = (test: (value: number) => boolean): number => {
      const chosen = stored.filter((value, k) => test(mask[k]!) && value > 0)
      return chosen.reduce((sum, value) => sum + value, 0) / chosen.length
    }
    if (mean(value => value > 0.6) > mean(value => value === 0)) brighter++
  }
  t.ok(brighter >= 17, `${brighter} of 20`)
})

t.test('canvases are drawn on where there are some, and without a label map', async t => {
  const cerebral = canvases.map(series => ({ ...series, slices: series.slices.map(slice => ({ ...slice, cerebral: slice.cerebral || slice.index === 14 })) }))
  const synthesizer = new Synthesizer({ labelMaps: [], canvases: cerebral, seed: 1 })
  const slices = Array.from({ length: 12 }, (_, i) => synthesizer.draw(i))
  t.ok(slices.every(slice => slice.source === 'canvas' && slice.patient === 'anna'))
  t.throws(() => new Synthesizer({ labelMaps: [], canvases: [], seed: 1 }), { code: 'training-data-invalid' })
  const t2 = cerebral.filter(series => series.contrast === 'T2')
  const only = new Synthesizer({ labelMaps: [], canvases: t2, seed: 1 })
  t.throws(() => Array.from({ length: 20 }, (_, i) => only.draw(i)), { message: /no canvas of FLAIR/ })
})

t.test('a pair is a slice as it was acquired, and the same with tubers', async t => {
  const cerebral = canvases.map(series => ({ ...series, slices: series.slices.map(slice => ({ ...slice, cerebral: slice.cerebral || slice.index === 14 })) }))
  const pen = new Synthesizer({ labelMaps: [], canvases: cerebral, seed: 4, pairs: true, difficulty: difficulties.easy })
  for (let pair = 0; pair < 4; pair++) {
    const [without, implanted] = [pen.draw(2 * pair), pen.draw(2 * pair + 1)]
    t.same([without.label, implanted.label], [0, 1])
    t.same([without.contrast, without.patient, without.pixel], [implanted.contrast, implanted.patient, implanted.pixel])
    const differing = [...without.stored.keys()].filter(i => without.stored[i] !== implanted.stored[i])
    t.ok(differing.length > 50 && differing.every(i => implanted.mask[i]! > 0), 'they differ where the mask is')
    t.equal(digest(pen.draw(2 * pair + 1)), digest(implanted))
  }
  const bare = canvases.map(series => ({ ...series, slices: series.slices.map(slice => ({ ...slice, cerebral: false })) }))
  t.throws(() => new Synthesizer({ labelMaps: [], canvases: bare, seed: 4, pairs: true }).draw(0), { message: /none shows enough cerebrum/ })
  const closed = cerebral.map(series => ({ ...series, slices: series.slices.map(slice => ({ ...slice, places: new Uint8Array(slice.places.length) })) }))
  t.throws(() => new Synthesizer({ labelMaps: [], canvases: closed, seed: 4, pairs: true }).draw(1), { message: /no tuber can be implanted/ })
})

t.test('a label map of another resolution, or without a brain, is refused', async t => {
  t.throws(() => toTissueVolume('a', { ...smallHead(), spacing: [2, 2, 2] }), { message: /1 mm/ })
  const head = smallHead()
  t.throws(() => toTissueVolume('a', { ...head, data: new Float32Array(head.data.length) }), { message: /white matter/ })
  const empty = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => rm(empty, { recursive: true }))
  await t.rejects(readLabelMaps(empty), { code: 'training-data-invalid' })
  await t.rejects(readCanvases(empty), { code: 'training-data-invalid' })
})

t.test('difficulties count tubers as they say', async t => {
  const random = new Random(1)
  const counts = (difficulty: Parameters<typeof tuberCount>[1]): number[] => Array.from({ length: 300 }, () => tuberCount(random, difficulty))
  t.same([...new Set(counts(difficulties.easy))].sort(), [3, 4, 5, 6])
  t.same([...new Set(counts(difficulties.moderate))], [1])
  t.ok(Math.max(...counts(difficulties.mixed)) <= 8)
})

t.test('a real label map makes slices', async t => {
  const path = dataPath(t, 'label-maps')
  if (path === undefined) return
  const maps = await readLabelMaps(path, patient => patient === 'seg_01')
  const slice = new Synthesizer({ labelMaps: maps, canvases: [], seed: 1 }).draw(0)
  t.equal(slice.patient, 'seg_01')
  const bright = slice.stored.filter(value => value > 100).length / slice.stored.length
  t.ok(bright > 0.1 && bright < 0.95, `${bright}`)
})
