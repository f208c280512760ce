import t from 'tap'
import { flairAcquisition, silentAcquisition, sliceOf } from '../helpers/slice.ts'
import type { SliceLiteral } from '../helpers/slice.ts'
import { contrastOf } from '../../src/selection/contrast.ts'

const verdict = (literal: SliceLiteral) => contrastOf(sliceOf(literal))
const says = (literal: SliceLiteral) => {
  const found = verdict(literal)
  return found.contrast === 'other' ? found.rejection.reason.code : found.contrast
}
const silent = (SeriesDescription: string) => ({ acquisition: silentAcquisition, header: { SeriesDescription } })

t.test('text decides where the acquisition says nothing, with a note', async t => {
  t.match(verdict(silent('AX T2 TSE')), { contrast: 'T2', notes: [/T2 by its text only/], because: /by its text/ })
  t.match(verdict(silent('AX FLAIR')), { contrast: 'FLAIR', notes: [/FLAIR by its text only/] })
  t.equal(says(silent('anat-T1w')), 't1')
  t.equal(says(silent('T2*')), 't2-star')
  t.equal(says(silent('TSE')), 'contrast-unclear', 'fast spin echo is no weighting')
  t.equal(says(silent('head')), 'contrast-unclear')
  t.equal(says({ acquisition: silentAcquisition }), 'contrast-unclear')
})

t.test('an excluding word of one text wins over a selecting word of another', async t => {
  t.equal(says({ acquisition: silentAcquisition, header: { SeriesDescription: 'T2 tra', ProtocolName: 'ep2d_diff' } }), 'diffusion')
})

t.test('between the ranges plain text decides, and only among what the physics leaves', async t => {
  const between = (text?: string) =>
    says({ acquisition: { echoTime: 60 }, ...text === undefined ? {} : { header: { SeriesDescription: text } } })
  t.equal(between('T2 TSE'), 'T2')
  t.equal(between('TSE'), 'T2', 'a fast spin echo whose numbers leave nothing but T2')
  t.equal(between('FLAIR'), 'contrast-unclear', 'there is no inversion')
  t.equal(between('PD TSE'), 'proton-density')
  t.equal(between(), 'contrast-unclear')
  t.equal(says({ acquisition: { ...flairAcquisition, echoTime: 60 }, header: { SeriesDescription: 'FLAIR' } }), 'FLAIR')
  t.equal(says({ acquisition: { ...flairAcquisition, echoTime: 60 }, header: { SeriesDescription: 'T2' } }), 'contrast-unclear')
})

t.test('the coded contrast of ImageType speaks where nothing else does', async t => {
  const typed = (token: string) => says({ acquisition: silentAcquisition, imageType: ['ORIGINAL', 'PRIMARY', token] })
  t.equal(typed('T2'), 'T2')
  t.equal(typed('FLUID_ATTENUATED'), 'FLAIR')
  t.equal(typed('T1'), 't1')
  t.equal(typed('T2_STAR'), 't2-star')
  t.equal(typed('M'), 'contrast-unclear')
})

t.test('where physics and text disagree physics wins and the evidence says so', async t => {
  t.match(verdict({ header: { SeriesDescription: 'FLAIR' } }), {
    contrast: 'T2',
    notes: [/the text says FLAIR, the acquisition says T2/],
  })
  const epi = verdict({ acquisition: { scanningSequence: ['GR'] }, header: { SeriesDescription: 'T2W' } })
  t.match(epi, { contrast: 'other', rejection: { reason: { code: 'gradient-echo' } } })
  if (epi.contrast !== 'other') return
  t.match(epi.rejection.evidence.at(-1), { attribute: 'SeriesDescription', value: 'T2W', rule: /says T2; .* win/, freeText: true })
})

t.test('a FLAIR that also says T2 is no disagreement', async t => {
  const found = verdict({ acquisition: flairAcquisition, header: { SeriesDescription: 'T2 tra' } })
  t.match(found, { contrast: 'FLAIR' })
  if (found.contrast === 'other') return
  t.strictSame(found.notes, [])
  t.match(found.evidence.at(-1), { attribute: 'SeriesDescription', rule: 'agrees' })
})

t.test('what people typed is marked in the evidence and absent from the reason', async t => {
  const found = verdict(silent('T1 DOE JOHN'))
  t.equal(found.contrast, 'other')
  if (found.contrast !== 'other') return
  t.notMatch(found.rejection.reason.text, /DOE/)
  t.equal(found.rejection.evidence.at(-1)?.freeText, true)
})
