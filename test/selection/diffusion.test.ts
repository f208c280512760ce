import t from 'tap'
import { sliceOf } from '../helpers/slice.ts'
import { diffusionRejection } from '../../src/selection/diffusion.ts'

const slices = (...bValues: number[][]) => bValues.map(diffusionBValues => sliceOf({ acquisition: { diffusionBValues } }))

t.test('one b-value above 0 makes the whole series diffusion', async t => {
  t.match(diffusionRejection(slices([], [0], [1000])), { reason: { code: 'diffusion', text: /b up to 1000/ } })
})

t.test('b = 0 alone proves nothing', async t => {
  t.equal(diffusionRejection(slices([0], [0])), undefined)
  t.equal(diffusionRejection([]), undefined)
})

t.test('a directionality other than NONE does too', async t => {
  const directed = (diffusionDirectionality: string) =>
    diffusionRejection([sliceOf(), sliceOf({ acquisition: { diffusionDirectionality } })])?.reason.code
  t.equal(directed('DIRECTIONAL'), 'diffusion')
  t.equal(directed('ISOTROPIC'), 'diffusion')
  t.equal(directed('NONE'), undefined)
  t.equal(directed(''), undefined)
})
