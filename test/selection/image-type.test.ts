import t from 'tap'
import { imageTypeRejection } from '../../src/selection/image-type.ts'

const code = (type: string, acceptReformats = false) => imageTypeRejection(type.split('\\'), acceptReformats)?.reason.code

t.test('each excluding token has its reason', async t => {
  const table: readonly (readonly [string, string])[] = [
    ['ORIGINAL\\PRIMARY\\LOCALIZER', 'localizer'],
    ['ORIGINAL\\PRIMARY\\SCOUT', 'localizer'],
    ['DERIVED\\SECONDARY\\PROJECTION IMAGE', 'projection'],
    ['DERIVED\\SECONDARY\\MIP', 'projection'],
    ['DERIVED\\SECONDARY\\MNIP', 'projection'],
    ['DERIVED\\SECONDARY\\MINIP', 'projection'],
    ['DERIVED\\PRIMARY\\DIFFUSION\\ADC\\NORM', 'diffusion'],
    ['DERIVED\\PRIMARY\\DIFFUSION\\TRACEW', 'diffusion'],
    ['DERIVED\\PRIMARY\\EADC', 'diffusion'],
    ['DERIVED\\PRIMARY\\FA', 'diffusion'],
    ['ORIGINAL\\PRIMARY\\PERFUSION\\NONE', 'perfusion'],
    ['ORIGINAL\\PRIMARY\\PHASE MAP\\P\\FFE', 'phase-map'],
    ['ORIGINAL\\PRIMARY\\P\\ND', 'phase-map'],
    ['DERIVED\\PRIMARY\\M\\ND\\T1 MAP', 'parametric-map'],
    ['DERIVED\\PRIMARY\\M\\T2 MAP', 'parametric-map'],
    ['DERIVED\\PRIMARY\\M\\T2_STAR MAP', 'parametric-map'],
    ['DERIVED\\PRIMARY\\R2 MAP', 'parametric-map'],
    ['ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC', 'mosaic'],
    ['ORIGINAL\\PRIMARY\\M\\SWI', 'susceptibility'],
    ['ORIGINAL\\PRIMARY\\SW_M_FFE\\SW_M\\FFE', 'susceptibility'],
    ['DERIVED\\PRIMARY\\SUBTRACTION', 'subtraction'],
    ['derived\\primary\\ subtraction ', 'subtraction'],
  ]
  for (const [type, expected] of table) t.equal(code(type), expected, type)
})

t.test('a bare T1, T2 or T2_STAR excludes nothing', async t => {
  for (const token of ['T1', 'T2', 'T2_STAR', 'M', 'M_IR', 'OTHER', 'NORM']) t.equal(code(`ORIGINAL\\PRIMARY\\${token}`), undefined, token)
})

t.test('DERIVED\\SECONDARY alone excludes nothing', async t => {
  t.equal(code('DERIVED\\SECONDARY\\OTHER'), undefined)
})

t.test('MPR excludes what is derived, unless reformats are accepted', async t => {
  t.equal(code('DERIVED\\SECONDARY\\MPR'), 'reformat')
  t.equal(code('DERIVED\\SECONDARY\\MPR', true), undefined)
  t.equal(code('DERIVED\\SECONDARY\\REFORMATTED\\AVERAGE'), 'reformat')
  t.equal(code('ORIGINAL\\PRIMARY\\MPR'), undefined, 'old GE writes it on plain slices')
})

t.test('an absent ImageType excludes nothing', async t => {
  t.equal(imageTypeRejection([], false), undefined)
})
