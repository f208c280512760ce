import t from 'tap'
import type { Attributes } from '../../src/dicom/attributes.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { fhirBundle } from '../../src/report/fhir-bundle.ts'
import { coding, resourceUrl } from '../../src/report/fhir-elements.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { fhirSchema } from '../helpers/fhir.ts'
import { seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { enhancedDataset, instanceOf, mrSlices } from '../helpers/synthetic-mr.ts'

/** As much of the JSON as the tests look at. */
interface Coded { readonly coding: readonly { readonly system?: string, readonly code: string }[] }
interface Resource {
  readonly resourceType: string
  readonly status: string
  readonly code: Coded
  readonly subject?: object
  readonly valueCodeableConcept?: Coded
  readonly dataAbsentReason?: Coded
  readonly identifier?: readonly { readonly value: string }[]
  readonly note?: readonly { readonly text: string }[]
  readonly conclusion?: string
  readonly effectiveDateTime?: string
  readonly issued?: string
  readonly result?: readonly { readonly reference: string }[]
  readonly hasMember?: readonly { readonly reference: string }[]
  readonly component?: readonly Component[]
}
interface Component {
  readonly code: Coded
  readonly valueQuantity?: { readonly value: number, readonly unit: string }
  readonly valueString?: string
  readonly dataAbsentReason?: Coded
}
interface Bundle { readonly timestamp?: string, readonly entry: readonly { readonly fullUrl: string, readonly resource: Resource }[] }

const parsed = (dataset: Dataset): Attributes => readInstance(encodePart10(dataset)).attributes
const reportsOf = (study: StudyFindings, change: Dataset = {}) =>
  study.series.map(series => parsed({ ...buildStructuredReport({ study, series, context: testContext() }), ...change }))
const bundleOf = (study: StudyFindings, change: Dataset = {}) => fhirBundle(reportsOf(study, change), study.conclusion) as unknown as Bundle
const ofType = ({ entry }: Bundle, type: string) => entry.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type)

const flair = seriesOf(mrSlices(4), [0.1, 0.9, 'failed', 0.5])
const t2 = seriesOf(mrSlices(2), [0.3, 'undetermined'], { contrast: 'T2', ordinal: 2, seriesNumber: 5 })
const study = studyOf([flair, t2], [{ seriesNumber: 301, description: '', reason: 'ScanningSequence EP: echo-planar' }])

t.test('bundle and resources are valid by the schema of FHIR R4, with full and with empty headers, frames and every result', async t => {
  const schema = fhirSchema(t)
  if (schema === undefined) return
  const validate = schema('Bundle')
  t.notOk(validate({ resourceType: 'Bundle', type: 'collection', entries: [] }), 'the schema refuses what it does not know')
  const studies = [
    study,
    studyOf([seriesOf(mrSlices(2), [0.1, 0.2])]),
    studyOf([seriesOf(mrSlices(1), ['failed'])]),
    studyOf([seriesOf(slicesOf(instanceOf(enhancedDataset(2))), [0.9, 0.1])]),
    studyOf([seriesOf(mrSlices(1, { PatientID: null, StudyDate: null, StudyTime: null, AccessionNumber: null, SeriesNumber: null, InstanceNumber: null }), [0.9])]),
    studyOf([seriesOf(mrSlices(1, { TimezoneOffsetFromUTC: '-0330', AccessionNumber: 'A1', IssuerOfPatientID: 'Hospital' }), [0.9])]),
  ]
  for (const one of studies) {
    const bundle = bundleOf(one)
    validate(bundle)
    t.strictSame(validate.errors, null)
    for (const { resource } of bundle.entry) {
      const check = schema(resource.resourceType)
      check(resource)
      t.strictSame(check.errors, null, resource.resourceType)
    }
  }
})

t.test('every reference leads to an entry, every entry has its own URL, and nothing of the bundle is unreferenced', async t => {
  const bundle = bundleOf(study)
  const urls = bundle.entry.map(({ fullUrl }) => fullUrl)
  t.equal(new Set(urls).size, urls.length)
  t.ok(urls.every(url => /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(url)), 'version 5 UUIDs (RFC 9562)')
  const references = [...JSON.stringify(bundle).matchAll(/"reference":"([^"]+)"/g)].map(([, url]) => url!)
  t.strictSame([...new Set(references)].sort(), urls.slice(1).sort(), 'all but the report itself')
  t.equal(ofType(bundle, 'Observation').length, 1 + 2 + 6)
})

t.test('the report says what the Structured Reports say, and that it is preliminary', async t => {
  const [report] = ofType(bundleOf(study), 'DiagnosticReport')
  t.match(report, { status: 'preliminary', code: { coding: [{ system: 'http://dicom.nema.org/resources/ontology/DCM', code: '126000' }] } })
  t.match(report!.conclusion, /^RESEARCH USE ONLY - NOT FOR DIAGNOSTIC USE\. Cortical tubers: PRESENT by algorithm\. .*Highest probability 0\.90/)
  t.strictSame(report!.identifier!.map(({ value }) => value), reportsOf(study).map(one => `urn:oid:${one.string('SOPInstanceUID') ?? ''}`))
  t.equal(report!.result!.length, 3)
  const verified = { VerificationFlag: 'VERIFIED', PreliminaryFlag: 'FINAL' }
  t.ok([...ofType(bundleOf(study, verified), 'DiagnosticReport'), ...ofType(bundleOf(study, verified), 'Observation')].every(({ status }) => status === 'final'))
})

t.test('results are the codes of the reports; what is undetermined has a reason and no value', async t => {
  const [whole, first, ...rest] = ofType(bundleOf(study), 'Observation')
  for (const one of [whole!, first!]) t.match(one, { valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '52101004' }] } })
  t.equal(first!.hasMember!.length, 4)
  const second = rest[4]!
  t.match(second, { dataAbsentReason: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }, { code: '373068000' }] } })
  t.notOk('valueCodeableConcept' in second)
  t.ok(second.note!.some(({ text }) => text.includes('ScanningSequence EP: echo-planar')), 'what was left out is told')
  const slices = rest.slice(0, 4)
  t.strictSame(slices.map(({ note }) => note![0]!.text), ['S4 I2', 'S4 I4', 'S4 I1', 'S4 I3'], 'by falling probability')
  t.strictSame(slices.map(({ valueCodeableConcept }) => valueCodeableConcept?.coding[0]!.code), ['52101004', '52101004', '272519000', undefined])
  t.strictSame(slices.map(({ component }) => component![0]!.valueQuantity?.value), [90, 50, 10, undefined])
  t.match(slices[0]!.component![0], { code: { coding: [{ code: '122157' }] }, valueQuantity: { unit: '%', system: 'http://unitsofmeasure.org', code: '%' } })
  t.strictSame(slices[0]!.component!.map(({ code }) => code.coding[0]!.code), ['122157', '121112', '130403', '130404'])
  t.equal(slices[0]!.component![1]!.valueString, `urn:oid:${flair.slices[1]!.slice.source.sopInstanceUid}`)
  t.match(slices[3], { dataAbsentReason: { coding: [{ code: 'error' }, {}] }, note: [{ text: 'S4 I3' }, { text: 'The frame could not be decoded' }] })
  t.match(slices[3]!.component![0], { dataAbsentReason: { coding: [{ code: 'error' }, { code: '114006' }] } })
})

t.test('the patient is named by PatientID alone, and the time has a zone or is a date', async t => {
  const named = { PatientName: { Alphabetic: 'Doe^Jane' }, PatientID: 'P-17', PatientBirthDate: '20100203', StudyDate: '20260102', StudyTime: '101112' }
  const plain = bundleOf(studyOf([seriesOf(mrSlices(1, named), [0.9])]))
  t.match(ofType(plain, 'DiagnosticReport')[0], { subject: { type: 'Patient', identifier: { value: 'P-17' } }, effectiveDateTime: '2026-01-02' })
  for (const secret of ['Doe', 'Jane', '2010']) t.notOk(JSON.stringify(plain).includes(secret), secret)
  t.notOk('timestamp' in plain || 'issued' in ofType(plain, 'DiagnosticReport')[0]!)
  const zoned = bundleOf(studyOf([seriesOf(mrSlices(1, { ...named, TimezoneOffsetFromUTC: '+0900' }), [0.9])]))
  t.match(ofType(zoned, 'DiagnosticReport')[0], { effectiveDateTime: '2026-01-02T10:11:12+09:00', issued: '2026-01-02T03:04:05+09:00' })
  t.equal(zoned.timestamp, '2026-01-02T03:04:05+09:00')
  const unnamed = bundleOf(studyOf([seriesOf(mrSlices(1, { PatientID: null }), [0.9])]))
  t.notOk(JSON.stringify(unnamed).includes('subject'))
})

t.test('the same reports give the same JSON, another revision other URLs', async t => {
  t.equal(JSON.stringify(bundleOf(study)), JSON.stringify(bundleOf(study)))
  const corrected = bundleOf(studyOf([seriesOf(mrSlices(4, { PatientID: 'OTHER' }), [0.1, 0.9, 'failed', 0.5]), t2]))
  t.not(corrected.entry[0]!.fullUrl, bundleOf(study).entry[0]!.fullUrl)
  t.equal(resourceUrl('a'), resourceUrl('a'))
  t.strictSame(coding({ value: '1', scheme: 'UNHEARD', meaning: 'one' }), { code: '1', display: 'one' }, 'a scheme without a URI')
})

t.test('a report that lacks what ours hold is read as far as it goes; no report is an error', async t => {
  const bare = parsed({ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.34', SOPInstanceUID: '1.2.3', StudyInstanceUID: '1.2', SeriesInstanceUID: '1.2.4' })
  const bundle = fhirBundle([bare], 'undetermined') as unknown as Bundle
  t.strictSame(bundle.entry.map(({ resource }) => resource.resourceType), ['DiagnosticReport', 'Observation', 'Observation', 'Device'])
  t.throws(() => fhirBundle([], 'absent'), { code: 'no-eligible-series' })
})
