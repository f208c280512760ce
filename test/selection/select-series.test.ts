import t from 'tap'
import { attributesOf, flairAcquisition, seriesOf, sliceOf, t2Acquisition } from '../helpers/slice.ts'
import type { SliceLiteral } from '../helpers/slice.ts'
import { criteriaSchema } from '../../src/selection/criteria.ts'
import { selectSeries } from '../../src/selection/select-series.ts'

const stack = (zs: readonly number[], literal: SliceLiteral = {}) => zs.map(z => sliceOf({ z, ...literal }))
const sagittal = { rowCosines: [0, 1, 0], columnCosines: [0, 0, -1] } as const

t.test('a plain FLAIR is selected, its slices sorted, with reason and evidence', async t => {
  const series = seriesOf(stack([12, 0, 6], { acquisition: flairAcquisition }))
  const { verdict, contrast, groups, rejected, reason, evidence, notes } = selectSeries(series)
  t.equal(verdict, 'selected')
  t.equal(contrast, 'FLAIR')
  t.strictSame(groups.map(group => group.slices.map(slice => slice.plane?.position[2])), [[0, 6, 12]])
  t.strictSame(rejected, [])
  t.match(reason, { code: 'selected', text: 'axial 2D FLAIR: inversion recovery, TI 2500, TE 100, TR 9000 ms' })
  t.ok(evidence.some(one => one.attribute === 'InversionTime' && one.value === '2500'))
  t.ok(evidence.some(one => one.attribute === 'ImageOrientationPatient'))
  t.strictSame(notes, [])
})

t.test('of a double echo the T2 is selected and the proton density left out with its reason', async t => {
  const { groups, rejected, notes } = selectSeries(seriesOf([
    ...stack([0, 6], { name: 'pd', acquisition: { echoTime: 20 } }),
    ...stack([0, 6], { name: 't2', acquisition: { echoTime: 100 } }),
  ]))
  t.strictSame(groups.map(group => [group.contrast, group.echoTime, group.slices.length]), [['T2', 100, 2]])
  t.strictSame(rejected.map(one => one.reason.code), ['proton-density', 'proton-density'])
  t.match(notes, [/2 of 4 frames left out: TE 20/])
})

t.test('two T2 echoes of one series make two groups', async t => {
  const { groups, notes } = selectSeries(seriesOf([
    ...stack([0, 6], { name: 'a', acquisition: { echoTime: 80 } }),
    ...stack([0, 6, 12], { name: 'b', acquisition: { echoTime: 160 } }),
  ]))
  t.strictSame(groups.map(group => [group.echoTime, group.slices.length]), [[160, 3], [80, 2]])
  t.match(notes, [/2 groups in one series/])
})

t.test('T2 and FLAIR in one series make two groups', async t => {
  const { contrast, groups, reason } = selectSeries(seriesOf([
    ...stack([0, 6], { name: 'a' }),
    ...stack([0, 6, 12], { name: 'b', acquisition: flairAcquisition }),
  ]))
  t.equal(contrast, 'FLAIR')
  t.strictSame(groups.map(group => group.contrast), ['FLAIR', 'T2'])
  t.match(reason.text, /FLAIR and T2/)
})

t.test('a frame that is not axial is left out of a series that is', async t => {
  const { verdict, groups, rejected, notes } = selectSeries(seriesOf([...stack([0, 6]), sliceOf({ name: 'sag', plane: sagittal })]))
  t.equal(verdict, 'selected')
  t.equal(groups[0]?.slices.length, 2)
  t.match(rejected, [{ frameNumber: 1, reason: { code: 'not-axial' } }])
  t.match(notes, [/1 of 3 frames left out: the plane is sagittal/])
})

t.test('diffusion in one frame takes the whole series', async t => {
  const { verdict, reason, rejected } = selectSeries(seriesOf([...stack([0, 6, 12]), sliceOf({ name: 'b', acquisition: { diffusionBValues: [800] } })]))
  t.equal(verdict, 'rejected')
  t.equal(reason.code, 'diffusion')
  t.equal(rejected.length, 4)
})

t.test('a rejected series has the reason and evidence of most of its frames', async t => {
  const { reason, evidence, notes, contrast, groups } = selectSeries(seriesOf([
    sliceOf({ name: 'sag', plane: sagittal }),
    ...stack([0, 6], { acquisition: { scanningSequence: ['GR'] } }),
  ]))
  t.equal(reason.code, 'gradient-echo')
  t.strictSame(evidence.map(one => one.attribute), ['ScanningSequence'])
  t.match(notes, [/1 of 3 frames left out: the plane is sagittal/])
  t.equal(contrast, undefined)
  t.strictSame(groups, [])
})

t.test('3D and contrast agent are accepted with a note', async t => {
  const { notes } = selectSeries(seriesOf(stack([0, 6], { acquisition: { mrAcquisitionType: '3D' }, header: { ContrastBolusAgent: 'Gd' } })))
  t.match(notes, [/3D/, /contrast agent/])
  const sequence = selectSeries(seriesOf(stack([0], { header: { ContrastBolusAgentSequence: [attributesOf({})] } })))
  t.match(sequence.notes, [/contrast agent/])
  t.strictSame(selectSeries(seriesOf(stack([0], { header: { ContrastBolusAgent: 'NONE' } }))).notes, [])
})

t.test('the criteria narrow what is taken', async t => {
  const three = seriesOf(stack([0], { acquisition: { mrAcquisitionType: '3D' } }))
  t.equal(selectSeries(three, criteriaSchema.parse({ accept3d: false })).reason.code, 'three-dimensional')
  t.equal(selectSeries(three, criteriaSchema.parse({ contrasts: ['FLAIR'] })).reason.code, 'contrast-not-wanted')
  const reformat = seriesOf(stack([0], { imageType: ['DERIVED', 'SECONDARY', 'MPR'] }))
  t.equal(selectSeries(reformat).reason.code, 'reformat')
  t.equal(selectSeries(reformat, criteriaSchema.parse({ acceptReformats: true })).verdict, 'selected')
})

t.test('a header count that is not reached makes the series incomplete', async t => {
  const announced = (ImagesInAcquisition: number) => selectSeries(seriesOf(stack([0, 6], { header: { ImagesInAcquisition } })))
  t.match(announced(24), { groups: [{ completeness: { complete: false } }], notes: [/2 of the 24 images/] })
  const positions = selectSeries(seriesOf(stack([0, 6], { header: { NumberOfTemporalPositions: 2, NumberOfSlices: 10 } })))
  t.match(positions, { groups: [{ completeness: { complete: false } }], notes: [/2 of the 20 images/] })
  t.match(announced(1), { groups: [{ completeness: { complete: true } }], notes: [] })
})

t.test('an instance of which no frame could be read is told from one that has none', async t => {
  const { source } = sliceOf({ name: 'broken' })
  const empty = { ...source, frameCount: 0 }
  const unread = (instance: typeof source) => selectSeries({ ...seriesOf([]), instances: [instance] })
  t.match(unread(source), { verdict: 'rejected', reason: { code: 'unreadable' } })
  t.match(unread(empty), { verdict: 'rejected', reason: { code: 'no-pixel-data' } })
  t.match(selectSeries(seriesOf([])), { verdict: 'rejected', reason: { code: 'no-pixel-data' }, rejected: [] })
})

t.test('frames of one acquisition agree, frames of another are judged anew', async t => {
  const frames = [1, 2, 3].map(frameNumber => ({ ...sliceOf({ z: frameNumber }), source: sliceOf().source, frameNumber }))
  const last = { ...frames[2]!, acquisition: { ...t2Acquisition, echoTime: 12 } }
  const { groups, rejected } = selectSeries(seriesOf([...frames.slice(0, 2), last]))
  t.equal(groups[0]?.slices.length, 2)
  t.match(rejected, [{ frameNumber: 3, reason: { code: 'proton-density' } }])
})
