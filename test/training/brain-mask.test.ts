import t from 'tap'
import { carryMask, flairBrainMask } from '../../src/training/brain-mask.ts'
import { headSide, isFlairBrain, smallFlair } from './small-head.ts'

/** Dice's overlap of a mask with the brain of the small head. */
function overlap (mask: Uint8Array, shift = 0): number {
  let both = 0
  let sum = 0
  for (let i = 0; i < mask.length; i++) {
    const brain = isFlairBrain(i % headSide, Math.floor(i / headSide) % headSide, Math.floor(i / headSide ** 2), shift) ? 1 : 0
    both += brain & mask[i]!
    sum += brain + mask[i]!
  }
  return 2 * both / sum
}

t.test('the brain is found on FLAIR, without scalp, and carried to a volume elsewhere in the same study', async t => {
  const flair = smallFlair()
  const mask = flairBrainMask(flair)
  t.ok(overlap(mask) > 0.95, `Dice ${overlap(mask)}`)
  // the second volume saw the head 6 mm further along x, and says so in its affine
  const other = { ...smallFlair(6), affine: [-1, 0, 0, 6, 0, -1, 0, 0, 0, 0, 4, 0] }
  const carried = carryMask(mask, flair, other)
  t.ok(overlap(carried, 6) > 0.9, `Dice ${overlap(carried, 6)}`)
  t.ok(overlap(carried, 6) > overlap(carried, 0))
})
