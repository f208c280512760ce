import t from 'tap'
import { flairAcquisition, silentAcquisition, t2Acquisition } from '../helpers/slice.ts'
import type { MrAcquisition } from '../../src/dicom/slice.ts'
import { physicsContrast } from '../../src/selection/physics-contrast.ts'

/** T2, FLAIR, nothing, or the code of the reason. */
const says = (base: MrAcquisition, change: Partial<MrAcquisition> = {}) => {
  const finding = physicsContrast({ ...base, ...change })
  return finding.says === 'other' ? finding.rejection.reason.code : finding.says
}

t.test('T2: spin echo without inversion, both sides of every edge', async t => {
  t.equal(says(t2Acquisition), 'T2')
  t.equal(says(t2Acquisition, { scanningSequence: ['RM'] }), 'T2', 'radial sequences')
  t.equal(says(t2Acquisition, { echoTime: 70 }), 'T2')
  t.equal(says(t2Acquisition, { echoTime: 69.9 }), 'nothing')
  t.equal(says(t2Acquisition, { echoTime: 300 }), 'T2')
  t.equal(says(t2Acquisition, { echoTime: 300.1 }), 'hydrography')
  t.equal(says(t2Acquisition, { echoTime: 600, mrAcquisitionType: '3D' }), 'T2')
  t.equal(says(t2Acquisition, { echoTime: 600.1, mrAcquisitionType: '3D' }), 'hydrography')
  t.equal(says(t2Acquisition, { echoTime: 400, mrAcquisitionType: undefined }), 'nothing', 'perhaps 3D')
  t.equal(says(t2Acquisition, { echoTime: 601, mrAcquisitionType: undefined }), 'hydrography')
  t.equal(says(t2Acquisition, { repetitionTime: 2000 }), 'T2')
  t.equal(says(t2Acquisition, { repetitionTime: 1999 }), 'nothing')
})

t.test('FLAIR: inversion, both sides of every edge', async t => {
  t.equal(says(flairAcquisition), 'FLAIR')
  t.equal(says(flairAcquisition, { scanningSequence: ['SE'] }), 'FLAIR', 'by its inversion time alone')
  t.equal(says(flairAcquisition, { inversionTimes: [] }), 'FLAIR', 'by IR alone')
  t.equal(says(flairAcquisition, { scanningSequence: ['SE'], inversionTimes: [], inversionRecovery: true }), 'FLAIR')
  t.equal(says(flairAcquisition, { inversionTimes: [1200] }), 'FLAIR')
  t.equal(says(flairAcquisition, { inversionTimes: [3200] }), 'FLAIR')
  t.equal(says(flairAcquisition, { inversionTimes: [1199] }), 'nothing')
  t.equal(says(flairAcquisition, { inversionTimes: [3201] }), 'nothing')
  t.equal(says(flairAcquisition, { echoTime: 70 }), 'FLAIR')
  t.equal(says(flairAcquisition, { echoTime: 69 }), 'nothing')
  t.equal(says(flairAcquisition, { echoTime: 450, mrAcquisitionType: '3D' }), 'FLAIR')
  t.equal(says(flairAcquisition, { repetitionTime: 3500 }), 'FLAIR')
  t.equal(says(flairAcquisition, { repetitionTime: 3499 }), 'nothing')
})

t.test('an inversion time of 0 is absent', async t => {
  t.equal(says(t2Acquisition, { inversionTimes: [0] }), 'T2')
  t.equal(says(flairAcquisition, { inversionTimes: [0, 2500] }), 'FLAIR', 'not two inversions')
})

t.test('STIR, double inversion and T1-like inversion are other', async t => {
  t.equal(says(flairAcquisition, { inversionTimes: [80] }), 'stir')
  t.equal(says(flairAcquisition, { inversionTimes: [300] }), 'stir')
  t.equal(says(flairAcquisition, { inversionTimes: [301] }), 'nothing')
  t.equal(says(flairAcquisition, { inversionTimes: [450, 2600] }), 'double-inversion')
  t.equal(says(flairAcquisition, { inversionTimes: [2500, 2500] }), 'FLAIR', 'the same time twice is one inversion')
  t.equal(says(flairAcquisition, { echoTime: 49 }), 't1')
})

t.test('a short echo is T1 or proton density', async t => {
  t.equal(says(t2Acquisition, { echoTime: 49.9 }), 'proton-density')
  t.equal(says(t2Acquisition, { echoTime: 50 }), 'nothing')
  t.equal(says(t2Acquisition, { echoTime: 12, repetitionTime: 500 }), 't1')
  t.equal(says(t2Acquisition, { echoTime: 12, repetitionTime: 1500 }), 'proton-density')
  t.equal(says(t2Acquisition, { echoTime: 12, repetitionTime: undefined }), 'proton-density')
  t.equal(says(silentAcquisition, { echoTime: 12 }), 'proton-density')
})

t.test('echo-planar and gradient echo are other whatever their times', async t => {
  t.equal(says(t2Acquisition, { scanningSequence: ['SE', 'EP'] }), 'echo-planar')
  t.equal(says(t2Acquisition, { echoPlanar: true }), 'echo-planar')
  t.equal(says(t2Acquisition, { scanningSequence: ['GR'] }), 'gradient-echo')
  t.equal(says(flairAcquisition, { scanningSequence: ['GR', 'IR'] }), 'gradient-echo')
})

t.test('gradient and spin echoes together (GRASE) go on, with a note', async t => {
  const finding = physicsContrast({ ...t2Acquisition, scanningSequence: ['SE', 'GR'] })
  t.match(finding, { says: 'T2', notes: [/GRASE/] })
})

t.test('the enhanced AcquisitionContrast excludes, and fills what the times leave open', async t => {
  for (const [value, code] of [
    ['DIFFUSION', 'diffusion'], ['PERFUSION', 'perfusion'], ['T1', 't1'], ['PROTON_DENSITY', 'proton-density'], ['STIR', 'stir'],
    ['T2_STAR', 't2-star'], ['TOF', 'angiography'], ['FLOW_ENCODED', 'angiography'], ['TAGGING', 'gradient-echo'],
  ] as const) t.equal(says(t2Acquisition, { acquisitionContrast: value }), code, value)
  t.equal(says(silentAcquisition, { acquisitionContrast: 'T2' }), 'T2')
  t.equal(says(silentAcquisition, { acquisitionContrast: 'FLUID_ATTENUATED' }), 'FLAIR')
  t.equal(says(silentAcquisition, { acquisitionContrast: 'UNKNOWN' }), 'nothing')
  t.equal(says(flairAcquisition, { acquisitionContrast: 'T2' }), 'FLAIR', 'a FLAIR that calls itself T2')
  t.equal(says(t2Acquisition, { acquisitionContrast: 'T2', scanningSequence: ['GR'] }), 'gradient-echo')
})

t.test('an unfinished answer says what is left to choose from', async t => {
  t.match(physicsContrast(silentAcquisition), { says: 'nothing', possible: ['T2', 'FLAIR'], because: /EchoTime is absent/ })
  t.match(physicsContrast({ ...t2Acquisition, echoTime: 60 }), { says: 'nothing', possible: ['T2'], because: /TE 60 ms is below 70/ })
  t.match(physicsContrast({ ...flairAcquisition, echoTime: undefined }), { says: 'nothing', possible: ['FLAIR'], because: /EchoTime is absent/ })
  t.match(physicsContrast({ ...flairAcquisition, repetitionTime: undefined }), { says: 'nothing', because: /RepetitionTime is absent/ })
  t.match(physicsContrast({ ...t2Acquisition, repetitionTime: 0 }), { says: 'nothing', because: /RepetitionTime is absent/ })
})

t.test('the evidence names every attribute that was looked at', async t => {
  const finding = physicsContrast({ ...flairAcquisition, acquisitionContrast: 'FLUID_ATTENUATED' })
  t.not(finding.says, 'other')
  if (finding.says === 'other') return
  t.strictSame(finding.evidence.map(one => one.attribute), [
    'AcquisitionContrast', 'ScanningSequence', 'InversionTime', 'EchoTime', 'RepetitionTime', 'EchoTrainLength',
  ])
})
