import t from 'tap'
import { dilate } from '../../src/training/dilation.ts'
import { Random } from '../../src/training/random.ts'

t.test('a mask grows by a square', async t => {
  const mask = Uint8Array.from([
    0, 0, 0, 0, 0,
    0, 1, 0, 0, 0,
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
  ])
  t.same([...dilate(mask, 5, 1)], [
    1, 1, 1, 0, 0,
    1, 1, 1, 0, 0,
    1, 1, 1, 0, 0,
    0, 0, 0, 0, 0,
    0, 0, 0, 0, 0,
  ])
})

t.test('a mask grows over the borders of words, and not over the edge', async t => {
  const random = new Random(1)
  for (const [size, radius] of [[31, 2], [32, 1], [70, 3], [96, 10]] as const) {
    const mask = Uint8Array.from({ length: size * size }, () => random.chance(0.004) ? 1 : 0)
    const grown = dilate(mask, size, radius)
    const expected = new Uint8Array(size * size)
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) continue
      for (let y = Math.max(0, Math.floor(i / size) - radius); y <= Math.min(size - 1, Math.floor(i / size) + radius); y++) {
        for (let x = Math.max(0, i % size - radius); x <= Math.min(size - 1, i % size + radius); x++) expected[y * size + x] = 1
      }
    }
    t.ok(mask.includes(1) && Buffer.compare(grown, expected) === 0, `${size} pixels, radius ${radius}`)
  }
})
