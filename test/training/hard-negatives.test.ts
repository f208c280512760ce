import t from 'tap'
import { addArtefacts } from '../../src/training/artefacts.ts'
import { drawHardNegatives } from '../../src/training/hard-negatives.ts'
import { Random } from '../../src/training/random.ts'
import type { DrawnSlice, SliceContrast } from '../../src/training/slice-picture.ts'

const size = 96
const half = size / 2

/** A disc of white matter, 75 mm across, with a tuber of 6 mm at its side. */
function disc (): DrawnSlice {
  const at = (i: number, x: number, y: number): number => Math.hypot(i % size - x, Math.floor(i / size) - y)
  const of = (value: (i: number) => number): Float32Array => Float32Array.from({ length: size * size }, (_, i) => value(i))
  const brain = Uint8Array.from(of(i => at(i, half, half) < 38 ? 1 : 0))
  const tuber = of(i => at(i, half + 20, half) < 6 ? 1 : 0)
  return { size, pixel: 1, brain, tuber, white: 0.4, picture: of(i => brain[i] === 0 ? 0 : tuber[i] === 1 ? 0.8 : 0.4) }
}

function drawn (draw: (random: Random, slice: DrawnSlice) => void): { seed: number, before: DrawnSlice, after: DrawnSlice }[] {
  return Array.from({ length: 400 }, (_, seed) => {
    const after = disc()
    draw(new Random(seed, 3), after)
    return { seed, before: disc(), after }
  })
}
const changed = ({ before, after }: { before: DrawnSlice, after: DrawnSlice }): number[] =>
  [...before.picture.keys()].filter(i => before.picture[i] !== after.picture[i])

t.test('infarct-like spots and vessels lie in the brain, beside tubers, in about a quarter of the slices', async t => {
  for (const contrast of ['T2', 'FLAIR'] satisfies SliceContrast[]) {
    const slices = drawn((random, slice) => { drawHardNegatives(random, slice, contrast) })
    const hit = slices.filter(one => changed(one).length > 0)
    t.ok(hit.length > 60 && hit.length < 140, `${contrast}: ${hit.length} of 400`)
    const wrong = hit.flatMap(one => changed(one).filter(i => one.before.brain[i] === 0 || one.before.tuber[i] === 1))
    t.same(wrong, [], 'neither air nor tubers change')
    const levels = hit.flatMap(one => changed(one).map(i => one.after.picture[i]!))
    t.ok(Math.max(...levels) > 0.6 && levels.every(value => value >= 0), 'bright ones')
    t.ok(Math.min(...levels) < 0.2, 'and dark ones')
    const [one] = hit
    t.same(drawn((random, slice) => { drawHardNegatives(random, slice, contrast) })[one!.seed]!.after.picture, one!.after.picture, 'by the seed alone')
  }
  const nothing: DrawnSlice = { ...disc(), brain: new Uint8Array(size * size) }
  const kept = nothing.picture.slice()
  for (let seed = 0; seed < 60; seed++) drawHardNegatives(new Random(seed), nothing, 'T2')
  t.same(nothing.picture, kept, 'a slice without a brain stays as it is')
})

t.test('motion, stripes and interference reach beyond the head, in less than a fifth of the slices', async t => {
  const slices = drawn(addArtefacts)
  const hit = slices.filter(one => changed(one).length > 0)
  t.ok(hit.length > 40 && hit.length < 100, `${hit.length} of 400`)
  t.ok(hit.every(one => changed(one).some(i => one.before.brain[i] === 0)))
  t.ok(hit.every(({ after }) => after.picture.every(value => value >= 0 && value < 2)))
  const lines = hit.filter(one => changed(one).length <= 2 * size)
  t.ok(lines.length > 3, 'a line of interference is one or two pixels wide')
  // ghosts of a head move light, they hardly make any
  const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0)
  const moved = hit.filter(one => changed(one).length > 2 * size && one.after.picture[0] === 0 && one.after.picture[half] === 0)
  t.ok(moved.length > 5)
  for (const { before, after } of moved) t.ok(Math.abs(sum(after.picture) / sum(before.picture) - 1) < 0.15)
})
