import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { AppError } from '../../src/errors.ts'
import { codes } from '../../src/report/codes.ts'
import type { Code } from '../../src/report/codes.ts'
import { evidenceSequence } from '../../src/report/evidence.ts'
import { heatmapPeak } from '../../src/report/heatmap-peak.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import type { SeriesFindings } from '../../src/report/series-findings.ts'
import { blob, emptyMap, finding, seriesOf, studyOf, testContext, testManifest } from '../helpers/report-inputs.ts'
import type { Told } from '../helpers/report-inputs.ts'
import { enhancedDataset, instanceOf, mrDataset, mrSlices } from '../helpers/synthetic-mr.ts'

type Items = readonly Dataset[]
const children = (item: Dataset) => (item['ContentSequence'] ?? []) as Items
const conceptOf = (item: Dataset) => (item['ConceptNameCodeSequence'] as Items | undefined)?.[0]?.['CodeValue']
const valueOf = (item: Dataset | undefined) => (item?.['ConceptCodeSequence'] as Items | undefined)?.[0]?.['CodeValue']
const named = (item: Dataset, code: Code) => children(item).filter(child => conceptOf(child) === code.value)
const one = (item: Dataset, code: Code) => named(item, code)[0]!
const groupsOf = (report: Dataset) => named(one(report, codes.imagingMeasurements), codes.measurementGroup)
const referenceOf = (item: Dataset) => (item['ReferencedSOPSequence'] as Items)[0]!

const told: Told[] = [0.02, 0.4, 0.93, 0.71, 'failed', 'undetermined']
const context = testContext()
const series = seriesOf(mrSlices(6), told, { notes: ['The spacing changes.'] })
const study = studyOf([series], [{ seriesNumber: 301, description: 'EPI', reason: 'echo-planar' }])
const report = buildStructuredReport({ study, series, context })

/** Every UID that the tree points at. */
function referenced (item: Dataset): string[] {
  const own = ((item['ReferencedSOPSequence'] ?? []) as Items).map(reference => reference['ReferencedSOPInstanceUID'] as string)
  return [...own, ...children(item).flatMap(referenced)]
}

function evidenceUids (dataset: Dataset): string[] {
  return (dataset['CurrentRequestedProcedureEvidenceSequence'] as Items)
    .flatMap(entry => entry['ReferencedSeriesSequence'] as Items)
    .flatMap(entry => entry['ReferencedSOPSequence'] as Items)
    .map(entry => entry['ReferencedSOPInstanceUID'] as string)
}

t.test('the document names its template, its state and its one series', async t => {
  t.match(report, {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.34',
    Modality: 'SR',
    SeriesNumber: 9011,
    InstanceNumber: 1,
    SeriesDescription: 'AI FLAIR tubers - RESEARCH ONLY',
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    PreliminaryFlag: 'PRELIMINARY',
    ReferencedPerformedProcedureStepSequence: [],
    PerformedProcedureCodeSequence: [],
    InstanceCreationDate: '20260102',
    ContentTemplateSequence: [{ MappingResource: 'DCMR', TemplateIdentifier: '1500' }],
  })
  t.notOk('PredecessorDocumentsSequence' in report)
  t.notOk('ReferencedRequestSequence' in report, 'the source names no request')
  t.notOk('RelationshipType' in report, 'the root belongs to nothing')
})

t.test('the answer comes first: the series, then the study, then what limits it', async t => {
  const [first] = children(report).filter(child => child['ValueType'] === 'CONTAINER')
  t.equal(conceptOf(first!), codes.qualitativeEvaluations.value)
  t.equal(valueOf(children(first!)[0]), codes.present.value)
  t.equal(one(first!, codes.conclusion)['TextValue'],
    'Cortical tubers: PRESENT by algorithm. Positive: Series 4 AX FLAIR (FLAIR). ' +
    'Highest probability 0.93 (S4 I3); a slice is positive at >= 0.50.')
  t.equal(one(first!, codes.summary)['TextValue'],
    'Series 4 AX FLAIR (FLAIR): 2 of 6 slices >= 0.50, max 0.93 (S4 I3). 1 failed. 1 undetermined. ' +
    'Rule: at least 2 positive slices, 2 of them in a row.')
  t.strictSame(named(first!, codes.comment).map(item => item['TextValue']), [
    'RESEARCH USE ONLY - NOT FOR DIAGNOSTIC USE',
    'Analysed: FLAIR. Not available: T2.',
    'The spacing changes.',
    'Not analysed: series 301 "EPI": echo-planar',
  ])
})

t.test('every child of root and groups has a concept name, as viewers dereference it', async t => {
  for (const item of [report, ...children(report), ...groupsOf(report)]) {
    t.ok(children(item).every(child => conceptOf(child) !== undefined))
  }
})

t.test('one group per slice, by falling probability, those without one last', async t => {
  t.strictSame(groupsOf(report).map(group => one(group, codes.trackingIdentifier)['TextValue']),
    ['S4 I3', 'S4 I4', 'S4 I2', 'S4 I1', 'S4 I5', 'S4 I6'])
  t.strictSame(groupsOf(report).map(group => valueOf(one(group, codes.tuber))),
    [codes.present, codes.present, codes.absent, codes.absent, codes.undetermined, codes.undetermined].map(code => code.value))
})

t.test('a positive slice carries finding, percent and an arrow at the Grad-CAM maximum', async t => {
  const group = groupsOf(report)[0]!
  t.equal(valueOf(one(group, codes.finding)), codes.tuber.value)
  t.equal(valueOf(one(group, codes.findingCategory)), codes.morphologicallyAbnormalStructure.value)
  t.match(one(group, codes.probability), {
    MeasuredValueSequence: [{ NumericValue: '93.00', FloatingPointValue: 93, MeasurementUnitsCodeSequence: [{ CodeValue: '%' }] }],
    ContentSequence: [{ RelationshipType: 'INFERRED FROM', ValueType: 'IMAGE' }],
  })
  const scoord = children(group).find(item => item['ValueType'] === 'SCOORD')!
  t.equal(scoord['GraphicType'], 'POINT')
  // 80 × 96 pixels of 2.5 × 2 mm are 200 × 192 mm: the wider side fills 224, 1.12 raster pixels a mm; height 215.04, centred
  const [column, row] = scoord['GraphicData'] as number[]
  t.ok(Math.abs(column! - 80.5 / 1.12 / 2.5) < 0.3, `column ${column}`)
  t.ok(Math.abs(row! - (90.5 - (224 - 215.04) / 2) / 1.12 / 2) < 0.3, `row ${row}`)
  t.equal(one(group, codes.comment)['TextValue'], 'Arrow: Grad-CAM maximum, not a lesion outline')
  t.equal(conceptOf(children(scoord)[0]!), undefined, 'the image that a coordinate is selected from has no name')
})

t.test('a negative slice has no finding and the whole slice as its region', async t => {
  const group = groupsOf(report)[3]!
  t.strictSame(named(group, codes.finding), [])
  t.strictSame(named(group, codes.findingCategory), [])
  t.match(children(group).find(item => item['ValueType'] === 'SCOORD'),
    { GraphicType: 'POLYLINE', GraphicData: [0, 0, 80, 0, 80, 96, 0, 96, 0, 0] })
})

t.test('a failed slice stays, without a value, with a qualifier and its reason', async t => {
  const group = groupsOf(report)[4]!
  t.match(one(group, codes.probability), {
    MeasuredValueSequence: [],
    NumericValueQualifierCodeSequence: [{ CodeValue: '114006', CodingSchemeDesignator: 'DCM' }],
  })
  t.equal(one(group, codes.comment)['TextValue'], 'The frame could not be decoded')
  t.strictSame(named(group, codes.gradCam), [])
})

t.test('the tree and the evidence name the same instances, each once', async t => {
  const evidence = evidenceUids(report)
  t.strictSame([...new Set(referenced(report))].sort(), [...evidence].sort())
  t.equal(new Set(evidence).size, evidence.length)
  t.equal(evidence.length, 6 + 4 + 4, 'sources, Grad-CAM and saliency maps')
})

t.test('a tree that points beyond its evidence is refused', async t => {
  t.throws(() => evidenceSequence(report, []), { code: 'internal' } satisfies Partial<AppError>)
})

t.test('maps that are not written are not referred to', async t => {
  const bare = buildStructuredReport({ study, series, context: testContext({ gradCam: false, saliency: false }) })
  t.equal(evidenceUids(bare).length, 6)
  t.ok(groupsOf(bare).every(group => named(group, codes.gradCam).length === 0))
  const algorithm = named(one(bare, codes.imagingMeasurements), codes.algorithmParameters).map(item => item['TextValue'])
  t.ok(algorithm.includes('xai=none'))
})

t.test('the algorithm is identified as IHE AIR asks, and equals the contributing equipment', async t => {
  const measurements = one(report, codes.imagingMeasurements)
  const parameters = named(measurements, codes.algorithmParameters).map(item => item['TextValue'])
  t.strictSame(parameters, [
    'decision_threshold=0.5',
    'series_rule=count,positive:2,consecutive:2',
    `model_sha256=${'9f'.repeat(32)}`,
    'input=224x224x3;window=percentiles,low:1,high:99;fit=pad;resize=area;channels=equal',
    'xai=gradcam:conv4b;saliency:input-gradient',
    'engine=onnxruntime 1.30.0',
    'plugin=0.1.0',
  ])
  const contributing = (report['ContributingEquipmentSequence'] as Items)[0]!
  t.equal(contributing['ManufacturerModelName'], one(measurements, codes.algorithmName)['TextValue'])
  t.equal(contributing['ManufacturerModelName'], one(report, codes.deviceObserverModelName)['TextValue'])
  t.equal(contributing['SoftwareVersions'], one(measurements, codes.algorithmVersion)['TextValue'])
  t.equal(contributing['Manufacturer'], one(report, codes.deviceObserverManufacturer)['TextValue'])
  t.equal(contributing['DeviceUID'], one(report, codes.deviceObserverUid)['UID'])
  t.equal((report['AuthorObserverSequence'] as Items)[0]!['DeviceUID'], contributing['DeviceUID'])
})

t.test('an evidence map is named with its layer', async t => {
  const text = (layer: string | undefined) => {
    const { evidenceLayer: _, ...manifest } = testManifest
    const model = { ...context.model, manifest: layer === undefined ? manifest : testManifest }
    const made = buildStructuredReport({ study, series, context: testContext({ evidence: true, saliency: false, model }) })
    return named(one(made, codes.imagingMeasurements), codes.algorithmParameters).map(item => item['TextValue'])
  }
  t.ok(text('evidence').includes('xai=gradcam:conv4b;evidence:evidence'))
  t.ok(text(undefined).includes('xai=gradcam:conv4b;evidence:none'))
})

t.test('viewers that need a region, a reference and a tracking UID in each group find them, also after writing', async t => {
  const attributes = readInstance(encodePart10(report)).attributes
  const items = (container: typeof attributes) => container.items('ContentSequence')
  const concept = (item: typeof attributes) => item.items('ConceptNameCodeSequence')[0]?.string('CodeValue')
  const measurements = items(attributes).find(item => concept(item) === codes.imagingMeasurements.value)!
  const groups = items(measurements).filter(item => concept(item) === codes.measurementGroup.value)
  t.equal(groups.length, 6)
  for (const group of groups) {
    const scoord = items(group).find(item => item.string('ValueType') === 'SCOORD')
    t.ok(items(scoord!)[0]!.items('ReferencedSOPSequence')[0]!.string('ReferencedSOPInstanceUID'))
    t.match(items(group).find(item => item.string('ValueType') === 'UIDREF')?.string('UID'), /^2\.25\.\d+$/)
    const number = items(group).find(item => item.string('ValueType') === 'NUM')!
    t.equal(items(number).length, 1, 'a NUM has the image that it was inferred from')
  }
  const library = items(attributes).find(item => concept(item) === codes.imageLibrary.value)!
  t.equal(items(items(library)[0]!).filter(item => item.string('ValueType') === 'IMAGE').length, 6)
})

t.test('frames of an enhanced image are told apart in labels and references', async t => {
  const frames = slicesOf(instanceOf(enhancedDataset(3)))
  const enhanced = seriesOf(frames, [0.1, 0.9, 0.2])
  const made = buildStructuredReport({ study: studyOf([enhanced]), series: enhanced, context })
  const [first] = groupsOf(made)
  t.equal(one(first!, codes.trackingIdentifier)['TextValue'], 'S4 I1 F2')
  const images = children(first!).filter(item => item['ValueType'] === 'IMAGE')
  t.equal(referenceOf(images[0]!)['ReferencedFrameNumber'], 2)
  t.equal(evidenceUids(made).length, 1 + 3 + 3, 'one source instance, six maps')
  t.equal(new Set(groupsOf(made).map(group => one(group, codes.trackingUniqueIdentifier)['UID'])).size, 3)
})

t.test('a slice without numbers is called by its place', async t => {
  const bare = seriesOf(mrSlices(2, { InstanceNumber: null, SeriesNumber: null, SeriesDescription: null }), [0.9, 0.1])
  const made = buildStructuredReport({ study: studyOf([bare], [{ seriesNumber: undefined, description: '', reason: 'no pixels' }]), series: bare, context })
  t.strictSame(groupsOf(made).map(group => one(group, codes.trackingIdentifier)['TextValue']), ['#1', '#2'])
  const comments = named(one(made, codes.qualitativeEvaluations), codes.comment).map(item => item['TextValue'])
  t.ok(comments.includes('Not analysed: series: no pixels'))
})

t.test('without a frame of reference, a map or a probability the report stays complete', async t => {
  const slices = mrSlices(3, { FrameOfReferenceUID: null })
  const all = seriesOf(slices, ['failed', 'failed', 'failed'])
  const made = buildStructuredReport({ study: studyOf([all]), series: all, context })
  t.match(one(one(made, codes.qualitativeEvaluations), codes.conclusion)['TextValue'], /UNDETERMINED by algorithm\. No slice could be classified/)
  t.strictSame(named(one(one(made, codes.imageLibrary), codes.imageLibraryGroup), codes.frameOfReferenceUid), [])
  const positive = seriesOf(slices, [0.9])
  const results = positive.slices.map(result => ({ ...result, finding: finding(0.9, [emptyMap('grad-cam')]) }))
  const flat = buildStructuredReport({ study: studyOf([positive]), series: { ...positive, slices: results }, context })
  t.equal(children(groupsOf(flat)[0]!).find(item => item['ValueType'] === 'SCOORD')!['GraphicType'], 'POLYLINE')
})

t.test('a probability of 0 is printed as 0.01 percent, for viewers that print nothing for 0', async t => {
  const zero = seriesOf(mrSlices(1), [0])
  const [group] = groupsOf(buildStructuredReport({ study: studyOf([zero]), series: zero, context }))
  t.match(one(group!, codes.probability)['MeasuredValueSequence'], [{ NumericValue: '0.01', FloatingPointValue: 0 }])
})

t.test('a report that replaces another names it by study and series', async t => {
  const predecessor = { studyInstanceUid: '1.2.3', seriesInstanceUid: '1.2.4', sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34', sopInstanceUid: '1.2.5' }
  const made = buildStructuredReport({ study, series, context, predecessors: [predecessor] })
  t.match(made['PredecessorDocumentsSequence'], [{
    StudyInstanceUID: '1.2.3',
    ReferencedSeriesSequence: [{ SeriesInstanceUID: '1.2.4', ReferencedSOPSequence: [{ ReferencedSOPInstanceUID: '1.2.5' }] }],
  }])
  t.equal(made['SOPInstanceUID'], report['SOPInstanceUID'], 'a predecessor found or lost does not make another report')
})

t.test('the same findings give the same bytes; other sources, model or settings another UID', async t => {
  const again = seriesOf(mrSlices(6), told, { notes: ['The spacing changes.'] })
  const same = buildStructuredReport({ study: studyOf([again], study.excluded), series: again, context })
  t.ok(Buffer.from(encodePart10(same)).equals(encodePart10(report)))
  const uid = (changed: Partial<Parameters<typeof buildStructuredReport>[0]>) =>
    buildStructuredReport({ study, series, context, ...changed })['SOPInstanceUID']
  const renamed = seriesOf(mrSlices(6, { PatientName: { Alphabetic: 'Doe^Janet' } }), told)
  const uids = [
    uid({}),
    uid({ context: testContext({ model: { ...context.model, sha256: 'ab'.repeat(32) } }) }),
    uid({ context: testContext({ saliency: false }) }),
    uid({ study: studyOf([series], []) }),
    uid({ study: studyOf([renamed], study.excluded), series: renamed }),
  ]
  t.equal(new Set(uids).size, uids.length)
  t.equal(uid({ context: testContext({ time: '235959' }) }), report['SOPInstanceUID'], 'the hour is not part of what was found')
})

t.test('a series without slices is refused', async t => {
  const empty: SeriesFindings = { ...series, slices: [] }
  t.throws(() => buildStructuredReport({ study, series: empty, context }), { code: 'no-eligible-series' })
})

t.test('the peak of a map is sought inside the frame only', async t => {
  const map = blob('grad-cam', 2, 2, 3, 16)
  const shift = { a: 1, b: 0, c: -8, d: 0, e: 1, f: 0 }
  t.strictSame(heatmapPeak(map, shift, 8, 16), { column: 0.5, row: 2.5 }, 'raster pixel 8 is the first column of the frame')
  t.equal(heatmapPeak(emptyMap('grad-cam', 16), shift, 8, 16), undefined)
  t.equal(heatmapPeak(map, { ...shift, c: -100 }, 8, 16), undefined)
})

t.test('a request of the source is repeated, all that Type 2 asks for', async t => {
  const requested = seriesOf([...slicesOf(instanceOf(mrDataset(0, {
    AccessionNumber: 'A1',
    RequestAttributesSequence: [{
      RequestedProcedureID: 'R1',
      RequestedProcedureCodeSequence: [
        { CodeValue: 'MR1', CodingSchemeDesignator: '99LOCAL', CodeMeaning: 'MRI', CodingSchemeVersion: '1' },
        { CodeValue: 'incomplete' },
      ],
    }],
  })))], [0.1])
  const made = buildStructuredReport({ study: studyOf([requested]), series: requested, context })
  t.strictSame(made['ReferencedRequestSequence'], [{
    StudyInstanceUID: made['StudyInstanceUID'],
    ReferencedStudySequence: [],
    AccessionNumber: 'A1',
    PlacerOrderNumberImagingServiceRequest: null,
    FillerOrderNumberImagingServiceRequest: null,
    RequestedProcedureID: 'R1',
    RequestedProcedureDescription: null,
    RequestedProcedureCodeSequence: [{ CodeValue: 'MR1', CodingSchemeDesignator: '99LOCAL', CodingSchemeVersion: '1', CodeMeaning: 'MRI' }],
  }])
  const accession = seriesOf(mrSlices(1, { AccessionNumber: 'A2' }), [0.1])
  const other = buildStructuredReport({ study: studyOf([accession]), series: accession, context })
  t.match(other['ReferencedRequestSequence'], [{ AccessionNumber: 'A2', RequestedProcedureID: null }])
})
