import t from 'tap'
import { patientAge } from '../../src/analysis/patient-age.ts'
import type { Attributes } from '../../src/dicom/attributes.ts'

const ageOf = (values: Record<string, string>) =>
  patientAge({ string: (name: string) => values[name] } as Partial<Attributes> as Attributes)

t.test('PatientAge comes first, in years, months, weeks or days', async t => {
  t.equal(ageOf({ PatientAge: '034Y', PatientBirthDate: '20200101', StudyDate: '20210101' }), 34)
  t.equal(ageOf({ PatientAge: '018M' })!.toFixed(3), '1.500')
  t.equal(ageOf({ PatientAge: '052W' })!.toFixed(2), '1.00')
  t.equal(ageOf({ PatientAge: '100D' })!.toFixed(3), '0.274')
})

t.test('else the study date less the birth date', async t => {
  t.equal(ageOf({ PatientBirthDate: '20100615', StudyDate: '20200615' })!.toFixed(2), '10.00')
  t.equal(ageOf({ PatientAge: '34', PatientBirthDate: '2010.06.15', StudyDate: '20200615' })!.toFixed(2), '10.00', 'an ill-formed age is absent')
})

t.test('what no calendar has is absent', async t => {
  t.equal(ageOf({}), undefined)
  t.equal(ageOf({ PatientBirthDate: '00000000', StudyDate: '20200615' }), undefined)
  t.equal(ageOf({ PatientBirthDate: '20101345', StudyDate: '20200615' }), undefined)
  t.equal(ageOf({ PatientBirthDate: '20210101', StudyDate: '20200615' }), undefined, 'born after the study')
})
