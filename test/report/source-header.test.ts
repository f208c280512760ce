import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { contributingEquipment, equipment, timezoneOffset } from '../../src/report/common-modules.ts'
import { isLegal } from '../../src/report/legal-values.ts'
import type { CopiedVr } from '../../src/report/legal-values.ts'
import { sourceHeader } from '../../src/report/source-header.ts'
import type { Attributes } from '../../src/dicom/attributes.ts'
import type { Instance } from '../../src/dicom/instance.ts'
import { dataPath } from '../helpers/data.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { testContext } from '../helpers/report-inputs.ts'
import { instanceOf, mrDataset } from '../helpers/synthetic-mr.ts'

const headerOf = (changes: Dataset) => sourceHeader(instanceOf(mrDataset(0, changes)))

/** A source whose header holds what no writer of ours would write. */
function illegal (values: Record<string, string>): Instance {
  const base = instanceOf(mrDataset(0))
  const own = base.attributes
  const attributes: Attributes = {
    has: name => name in values || own.has(name),
    string: name => name in values ? values[name] : own.string(name),
    strings: name => own.strings(name),
    personName: name => name in values ? { alphabetic: values[name]!, ideographic: '', phonetic: '' } : own.personName(name),
    number: name => own.number(name),
    numbers: name => own.numbers(name),
    items: name => own.items(name),
    bytes: name => own.bytes(name),
  }
  return { ...base, attributes }
}

t.test('each VR takes what PS3.5 6.2 allows and nothing else', async t => {
  const table: Record<CopiedVr, { legal: string[], illegal: string[] }> = {
    AS: { legal: ['018M', '007Y'], illegal: ['18M', '018m', '007'] },
    CS: { legal: ['F', 'UN_KNOWN 1'], illegal: ['f', 'A'.repeat(17), 'A-B'] },
    DA: { legal: ['20240229'], illegal: ['20230229', '2024.02.29', '20241301', '20240100', '202402'] },
    DS: { legal: ['80.5', '-1e-3', '.5', '+5.'], illegal: ['80,5', '1234567890.123456', 'NaN', ''] },
    LO: { legal: ['a'.repeat(64), 'é'.repeat(64)], illegal: ['a'.repeat(65), 'a\\b', 'a\nb'] },
    PN: { legal: ['Yamada^Tarou', 'a^b^c^d^e'], illegal: ['a^b^c^d^e^f', 'a=b', 'a'.repeat(65)] },
    SH: { legal: ['a'.repeat(16)], illegal: ['a'.repeat(17)] },
    TM: { legal: ['07', '0730', '073060', '235959.123456'], illegal: ['24', '7', '0760', '07:30', '0730.5', '07306'] },
    UI: { legal: ['1.2.0'], illegal: ['1.02', '1..2', `1.${'2'.repeat(63)}`] },
  }
  for (const [vr, { legal, illegal }] of Object.entries(table) as [CopiedVr, { legal: string[], illegal: string[] }][]) {
    for (const value of legal) t.ok(isLegal(vr, value), `${vr} ${value}`)
    for (const value of illegal) t.notOk(isLegal(vr, value), `${vr} not ${value}`)
  }
})

t.test('patient and study are repeated, Type 2 present even if empty', async t => {
  const { dataset, warnings } = headerOf({ PatientAge: '007Y', PatientWeight: 21.5, IssuerOfPatientID: 'Ward', StudyDescription: 'MRI', PregnancyStatus: 4 })
  t.match(dataset, {
    SpecificCharacterSet: 'ISO_IR 192',
    PatientName: { Alphabetic: 'Doe^Jane' },
    PatientID: 'P1',
    PatientBirthDate: '20150203',
    PatientSex: 'F',
    StudyDate: '20260101',
    StudyTime: '101010',
    StudyID: 'S1',
    PatientAge: '007Y',
    PatientWeight: '21.5',
    IssuerOfPatientID: 'Ward',
    StudyDescription: 'MRI',
    PregnancyStatus: 4,
  })
  t.equal(dataset['AccessionNumber'], null)
  t.equal(dataset['ReferringPhysicianName'], null)
  t.strictSame(warnings, [])
  for (const name of ['PatientSize', 'PatientIdentityRemoved', 'ClinicalTrialSponsorName', 'TimezoneOffsetFromUTC']) t.notOk(name in dataset, name)
})

t.test('all groups of a name are repeated', async t => {
  const { dataset } = headerOf({ PatientName: { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' } })
  t.strictSame(dataset['PatientName'], { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' })
})

t.test('an illegal value becomes empty and is a warning that does not repeat it', async t => {
  const { dataset, warnings } = sourceHeader(illegal({
    PatientSex: '0000',
    PatientBirthDate: '2015.02.03',
    PatientID: 'x'.repeat(65),
    PatientName: 'a^b^c^d^e^f',
    PatientWeight: '0.0',
    TimezoneOffsetFromUTC: '+9',
    PatientAge: '7',
  }))
  for (const name of ['PatientSex', 'PatientBirthDate', 'PatientID', 'PatientName']) t.equal(dataset[name], null, name)
  for (const name of ['PatientWeight', 'PatientAge', 'TimezoneOffsetFromUTC']) t.notOk(name in dataset, name)
  t.equal(warnings.length, 7)
  t.ok(warnings.every(warning => !/0000|2015|xxx|a\^b|\+9/.test(warning)))
})

t.test('a removed identity needs its method; the method comes as text, as codes, or both', async t => {
  const coded = [{ CodeValue: '113100', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Basic Application Confidentiality Profile' }]
  t.match(headerOf({ PatientIdentityRemoved: 'YES', DeidentificationMethod: ['CTP', 'script'] }).dataset,
    { PatientIdentityRemoved: 'YES', DeidentificationMethod: ['CTP', 'script'] })
  t.match(headerOf({ PatientIdentityRemoved: 'YES', DeidentificationMethodCodeSequence: coded }).dataset,
    { PatientIdentityRemoved: 'YES', DeidentificationMethodCodeSequence: coded })
  const without = headerOf({ PatientIdentityRemoved: 'YES' })
  t.notOk('PatientIdentityRemoved' in without.dataset)
  t.equal(without.warnings.length, 1)
  t.match(headerOf({ PatientIdentityRemoved: 'NO' }).dataset, { PatientIdentityRemoved: 'NO' })
})

t.test('a clinical trial is repeated whole or not at all', async t => {
  const whole = headerOf({ ClinicalTrialSponsorName: 'S', ClinicalTrialProtocolID: 'P', ClinicalTrialSubjectReadingID: 'R', ClinicalTrialSiteID: '3' })
  t.match(whole.dataset, { ClinicalTrialSponsorName: 'S', ClinicalTrialSubjectReadingID: 'R', ClinicalTrialSiteID: '3' })
  t.equal(whole.dataset['ClinicalTrialProtocolName'], null)
  t.equal(whole.dataset['ClinicalTrialSiteName'], null)
  const part = headerOf({ ClinicalTrialSponsorName: 'S', ClinicalTrialTimePointID: 'T1' })
  t.strictSame(Object.keys(part.dataset).filter(name => name.startsWith('ClinicalTrial')), [])
  t.equal(part.warnings.length, 1)
})

t.test('a time zone is repeated where it is legal, and dates the contribution', async t => {
  const offset = (value: string) => timezoneOffset(illegal({ TimezoneOffsetFromUTC: value }).attributes)
  t.equal(offset('+0900'), '+0900')
  t.equal(offset('-1200'), '-1200')
  for (const value of ['-0000', '-1230', '+1430', '0900', '+0960']) t.equal(offset(value), undefined, value)
  const [item] = contributingEquipment(testContext(), instanceOf(mrDataset(0, { TimezoneOffsetFromUTC: '-0330' })))
  t.equal(item!['ContributionDateTime'], '20260102030405-0330')
  t.equal(contributingEquipment(testContext(), instanceOf(mrDataset(0)))[0]!['ContributionDateTime'], '20260102030405')
})

t.test('an identity of ours that does not fit is refused, not cut', async t => {
  const named = (manufacturer: string) => () => equipment(testContext({ software: { ...testContext().software, manufacturer } }))
  t.throws(named('x'.repeat(65)), { code: 'value-not-encodable', facts: { attribute: 'Manufacturer' } })
  t.throws(named(''), { code: 'value-not-encodable' })
  t.match(named('x')(), { Manufacturer: 'x' })
})

t.test('the real Philips header: sex 0000 and weight 0.0 are no values', async t => {
  const path = dataPath(t, 'mr-dicom/philips-flair-axial/IM-0001-0001.dcm')
  if (path === undefined) return
  const { dataset, warnings } = sourceHeader(await readInstanceFile(path))
  t.equal(dataset['PatientSex'], null)
  t.notOk('PatientWeight' in dataset)
  t.equal(warnings.length, 2)
  t.equal(dataset['StudyDescription'], 'IRM cérébrale, neuro-crâne')
})
