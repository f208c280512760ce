import t from 'tap'
import { move, paperAugmentation, randomMotion } from '../../src/training/augmentation.ts'
import { Random } from '../../src/training/random.ts'

const nine = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)
const rounded = (values: Float32Array): number[] => [...values].map(value => Math.round(value * 1000) / 1000)

t.test('no motion leaves the picture, a mirror turns it, a quarter turn turns it', async t => {
  t.same(rounded(move(nine, 3, 3, 1, { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 })), [...nine])
  t.same(rounded(move(nine, 3, 3, 1, { a: -1, b: 0, c: 0, d: 0, e: 1, f: 0 })), [3, 2, 1, 6, 5, 4, 9, 8, 7])
  t.same(rounded(move(nine, 3, 3, 1, { a: 0, b: 1, c: 0, d: -1, e: 0, f: 0 })), [7, 4, 1, 8, 5, 2, 9, 6, 3])
})

t.test('what comes from outside takes the nearest edge pixel, and halves are interpolated', async t => {
  t.same(rounded(move(nine, 3, 3, 1, { a: 1, b: 0, c: 1, d: 0, e: 1, f: 0 })), [2, 3, 3, 5, 6, 6, 8, 9, 9])
  t.same(rounded(move(nine, 3, 3, 1, { a: 1, b: 0, c: 0.5, d: 0, e: 1, f: 0 })), [1.5, 2.5, 3, 4.5, 5.5, 6, 7.5, 8.5, 9])
})

t.test('channels stay together', async t => {
  t.same(rounded(move(Float32Array.of(1, 10, 2, 20), 2, 1, 2, { a: -1, b: 0, c: 0, d: 0, e: 1, f: 0 })), [2, 20, 1, 10])
})

t.test('motions stay within the range and are repeatable', async t => {
  const still = { rotation: 0, shift: 0, shear: 0, zoom: 0, horizontalFlip: false }
  const { a, b, c, d, e, f } = randomMotion(new Random(1), still, 224, 224)
  t.same([a, b, c, d, e, f].map(value => value + 0), [1, 0, 0, 0, 1, 0])
  t.same(randomMotion(new Random(2), paperAugmentation, 224, 224), randomMotion(new Random(2), paperAugmentation, 224, 224))
  for (let i = 0; i < 200; i++) {
    const motion = randomMotion(new Random(3, i), paperAugmentation, 224, 224)
    const area = Math.abs(motion.a * motion.e - motion.b * motion.d)
    t.ok(area > 0.75 * 0.75 * 0.99 && area < 1.25 * 1.25 * 1.01)
    t.ok(Math.hypot(motion.c, motion.f) <= 0.1 * 224 * Math.SQRT2 + 1e-9)
  }
})
