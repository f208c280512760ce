import t from 'tap'
import { criteriaSchema, defaultCriteria } from '../../src/selection/criteria.ts'

t.test('the defaults are axial T2 and FLAIR within 35°, 2D and 3D, no reformats', async t => {
  t.strictSame(defaultCriteria, {
    contrasts: ['T2', 'FLAIR'],
    acceptReformats: false,
    accept3d: true,
    maximumTilt: 35,
    own: { manufacturers: ['tuberlens'] },
  })
})

t.test('an unknown key or an empty list of contrasts is refused', async t => {
  t.equal(criteriaSchema.safeParse({ acceptReformat: true }).success, false)
  t.equal(criteriaSchema.safeParse({ contrasts: [] }).success, false)
  t.equal(criteriaSchema.safeParse({ contrasts: ['T1'] }).success, false)
})
