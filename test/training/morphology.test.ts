import t from 'tap'
import { close, distanceToZero, fillHoles, grow, label, open, shrink } from '../../src/training/morphology.ts'
import type { Mask } from '../../src/training/morphology.ts'
import { Random } from '../../src/training/random.ts'

const picture = (...rows: string[]): Mask => ({
  width: rows[0]!.length, height: rows.length, data: Uint8Array.from(rows.join(''), mark => mark === '#' ? 1 : 0),
})
const drawn = ({ width, data }: Mask): string[] =>
  Array.from({ length: data.length / width }, (_, y) => [...data.subarray(y * width, (y + 1) * width)].map(v => v === 1 ? '#' : '.').join(''))

t.test('distances are those of an exhaustive search', async t => {
  const random = new Random(4)
  const width = 23
  const height = 17
  const data = Uint8Array.from({ length: width * height }, () => random.chance(0.9) ? 1 : 0)
  const found = distanceToZero({ width, height, data })
  for (let i = 0; i < data.length; i++) {
    let nearest = Infinity
    for (let j = 0; j < data.length; j++) {
      if (data[j] === 0) nearest = Math.min(nearest, Math.hypot(i % width - j % width, Math.floor(i / width) - Math.floor(j / width)))
    }
    if (Math.abs(found[i]! - nearest) > 1e-5) t.equal(found[i], nearest)
  }
  t.equal(found[data.indexOf(0)], 0)
})

t.test('discs grow and shrink', async t => {
  const dot = picture('.....', '.....', '..#..', '.....', '.....')
  t.same(drawn(grow(dot, 1)), ['.....', '..#..', '.###.', '..#..', '.....'])
  t.same(drawn(shrink(grow(dot, 1), 1)), drawn(dot))
})

t.test('opening removes what is thin and closing fills what is narrow', async t => {
  const shape = picture('.......', '.###...', '.######', '.###...', '.......')
  t.same(drawn(open(shape, 1)), ['.......', '..##...', '.####..', '..##...', '.......'])
  const gap = picture('.......', '.##.##.', '.##.##.', '.##.##.', '.......')
  t.equal(close(gap, 1).data[2 * 7 + 3], 1)
})

t.test('holes are what no path joins to the border', async t => {
  t.same(drawn(fillHoles(picture('.....', '.###.', '.#.#.', '.###.', '.....'))), ['.....', '.###.', '.###.', '.###.', '.....'])
  t.same(drawn(fillHoles(picture('.....', '.###.', '.#.#.', '.#.#.', '...#.'))), ['.....', '.###.', '.#.#.', '.#.#.', '...#.'])
})

t.test('parts are joined by faces, in three dimensions', async t => {
  const flat = label(picture('##.', '..#', '#.#').data, 3, 3)
  t.equal(flat.count, 3)
  // two slices of 2×2: the upper voxel joins two lower ones that do not touch
  const { labels, count } = label(Uint8Array.of(1, 0, 0, 1, 1, 1, 0, 1), 2, 2, 2)
  t.equal(count, 1)
  t.same([...labels], [1, 0, 0, 1, 1, 1, 0, 1])
})
