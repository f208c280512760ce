import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { isSrClass, srDocument } from '../../src/dicomweb/sr-document.ts'
import { srHtml } from '../../src/dicomweb/sr-html.ts'
import { srText } from '../../src/dicomweb/sr-text.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { mrSlices } from '../helpers/synthetic-mr.ts'

const concept = (CodeMeaning: string, CodeValue = 'X') => [{ CodeValue, CodingSchemeDesignator: '99TEST', CodeMeaning }]
const item = (ValueType: string | undefined, name: string, value: Dataset, children: Dataset[] = []): Dataset => ({
  RelationshipType: 'CONTAINS',
  ...(ValueType === undefined ? {} : { ValueType }),
  ...(name === '' ? {} : { ConceptNameCodeSequence: concept(name) }),
  ...value,
  ...(children.length === 0 ? {} : { ContentSequence: children }),
})

/** What is read of a report whose root holds these items. */
function documentOf (items: Dataset[], changes: Dataset = {}) {
  const bytes = encodePart10({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.33',
    SOPInstanceUID: '1.2.3.4.5',
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: '1.2.3.4',
    Modality: 'SR',
    ValueType: 'CONTAINER',
    ConceptNameCodeSequence: concept('Test report'),
    ContentSequence: items,
    ...changes,
  })
  return srDocument(readInstance(bytes).attributes)
}

t.test('every value type is put in words', async t => {
  const reference = { ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.4.1', ReferencedSOPInstanceUID: '1.9', ReferencedFrameNumber: ['2', '3'] }
  const measured = (NumericValue: string, unit: string) =>
    ({ MeasuredValueSequence: [{ NumericValue, MeasurementUnitsCodeSequence: concept('unit', unit) }] })
  const { items } = documentOf([
    item('TEXT', 'text', { TextValue: 'one\r\ntwo' }),
    item('CODE', 'code', { ConceptCodeSequence: concept('Present') }),
    item('NUM', 'num', measured('93.2', '%')),
    item('NUM', 'ratio', measured('0.5', '1')),
    item('NUM', 'count', measured('3', '{slices}')),
    item('NUM', 'failed', { MeasuredValueSequence: [], NumericValueQualifierCodeSequence: concept('Measurement failure') }),
    item('NUM', 'none', { MeasuredValueSequence: [] }),
    item('PNAME', 'pname', { PersonName: { Alphabetic: 'Doe^Jane^Q^Dr^PhD' } }),
    item('DATE', 'date', { Date: '20260102' }),
    item('TIME', 'time', { Time: '030405.25' }),
    item('TIME', 'minute', { Time: '0304' }),
    item('DATETIME', 'datetime', { DateTime: '20260102030405.1+0100' }),
    item('DATETIME', 'day', { DateTime: '20260102' }),
    item('DATETIME', 'year', { DateTime: '2026' }),
    item('UIDREF', 'uidref', { UID: '1.2.9' }),
    item('IMAGE', 'image', { ReferencedSOPSequence: [reference] }),
    item('COMPOSITE', 'other', { ReferencedSOPSequence: [{ ReferencedSOPClassUID: '1.9.9', ReferencedSOPInstanceUID: '1.9.8' }] }),
    item('SCOORD', 'point', { GraphicType: 'POINT', GraphicData: [1.5, 2.5] }),
    item('SCOORD3D', 'space', { GraphicType: 'POLYLINE', GraphicData: Array.from({ length: 30 }, (_, i) => i) }),
    item('TCOORD', 'moment', { TemporalRangeType: 'POINT' }),
    item('TABLE', 'newer', {}),
    item(undefined, '', { ReferencedContentItemIdentifier: [1, 2, 3] }),
    item('CONTAINER', 'group', {}, [item('TEXT', 'inner', { TextValue: 'x' })]),
  ])
  t.strictSame(Object.fromEntries(items.map(({ concept, value }) => [concept, value])), {
    text: 'one\ntwo',
    code: 'Present',
    num: '93.2 %',
    ratio: '0.5',
    count: '3',
    failed: 'Measurement failure',
    none: 'no value',
    pname: 'Doe, Dr Jane Q PhD',
    date: '2026-01-02',
    time: '03:04:05',
    minute: '03:04',
    datetime: '2026-01-02 03:04:05 +0100',
    day: '2026-01-02',
    year: '2026',
    uidref: '1.2.9',
    image: 'Enhanced MR Image Storage, 1.9, frame 2, 3',
    other: '1.9.9, 1.9.8',
    point: 'POINT (1.5, 2.5)',
    space: `POLYLINE ${Array.from({ length: 8 }, (_, i) => `(${i * 3}, ${i * 3 + 1}, ${i * 3 + 2})`).join(' ')} and 2 more`,
    moment: 'POINT',
    newer: 'TABLE',
    '': 'see item 1.2.3',
    group: undefined,
  })
  t.strictSame(items.at(-1)!.children, [{ concept: 'inner', value: 'x', children: [] }])
})

t.test('items without their values are empty, not wrong', async t => {
  const kinds = ['TEXT', 'CODE', 'PNAME', 'DATE', 'TIME', 'DATETIME', 'UIDREF', 'IMAGE', 'SCOORD', 'TCOORD']
  t.strictSame(documentOf(kinds.map(kind => item(kind, kind, {}))).items.map(({ value }) => value), kinds.map(() => ''))
  const unnamed = documentOf([
    item('NUM', '', { MeasuredValueSequence: [{}] }),
    item('IMAGE', '', { ReferencedSOPSequence: [{}] }),
    { ValueType: 'CODE', ConceptNameCodeSequence: [{ CodeValue: 'C1' }] },
  ], { ConceptNameCodeSequence: [] })
  t.equal(unnamed.title, 'Structured Report')
  t.strictSame(unnamed.items.map(({ concept, value }) => [concept, value]), [['', ''], ['', ''], ['C1', '']])
  t.equal(srText(unnamed), 'Structured Report\r\n\r\n\r\n\r\n\r\nC1: \r\n')
  t.match(srHtml(documentOf([])), /<\/table>\n<\/body>/, 'no empty list')
})

t.test('the heading tells whose report it is and of what', async t => {
  const { title, heading } = documentOf([], {
    PatientName: { Alphabetic: 'Doe^Jane' }, PatientID: 'P1', PatientBirthDate: '20150203', StudyDate: '20260101', StudyTime: '101010', ContentDate: '20260102', Manufacturer: 'Maker', CompletionFlag: 'COMPLETE', VerificationFlag: 'UNVERIFIED',
  })
  t.equal(title, 'Test report')
  t.strictSame(heading, [
    ['Patient', 'Doe, Jane'], ['Patient ID', 'P1'], ['Birth date', '2015-02-03'], ['Study date', '2026-01-01 10:10:10'],
    ['Report date', '2026-01-02'], ['Made by', 'Maker'], ['Completion', 'COMPLETE'], ['Verification', 'UNVERIFIED'],
  ])
})

t.test('markup in any text of the report stays text (D8)', async t => {
  const evil = '<script>alert("1")</script>&\''
  const document = documentOf([
    item('TEXT', evil, { TextValue: `${evil}\r\n<img src=x onerror=y>` }),
    item('CONTAINER', evil, {}, [item('CODE', '', { ConceptCodeSequence: concept(evil) })]),
  ], { PatientName: { Alphabetic: '<b>x' }, PatientID: '"><i>', StudyDescription: evil, ConceptNameCodeSequence: concept(evil) })
  const html = srHtml(document)
  t.notMatch(html, /<(script|img|i|b>x)/)
  const known = new Set(['html', 'head', 'meta', 'title', 'body', 'h1', 'h2', 'table', 'tr', 'th', 'td', 'ul', 'li', 'b', 'br', '!DOCTYPE'])
  t.strictSame([...html.matchAll(/<\/?([!\w]+)/g)].map(match => match[1]!).filter(name => !known.has(name)), [], 'no other elements')
  t.match(html, '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;')
  const text = srText(document)
  t.match(text, '<script>', 'plain text is not escaped')
  const controls = { title: 'a\u0007\u0085\tb', language: undefined, heading: [], items: [] }
  t.match(srHtml(controls), '<h1>a\ufffd\ufffd\tb</h1>')
  t.match(srText(controls), 'a\ufffd\ufffd\tb\r\n')
})

t.test('a report of ours reads from its conclusion to its last slice', async t => {
  const context = testContext()
  const series = seriesOf(mrSlices(3), [0.02, 0.93, 'failed'])
  const report = buildStructuredReport({ study: studyOf([series]), series, context })
  const document = srDocument(readInstance(encodePart10(report)).attributes)
  t.equal(document.language, 'en')
  t.match(document.title, 'Imaging Measurement Report')
  const text = srText(document)
  t.match(text, /^ {4}.*: 93\.00 %\r$/m)
  t.match(text, 'Measurement failure')
  const html = srHtml(document)
  t.match(html, /^<!DOCTYPE html>\n<html lang="en">/)
  t.match(html, /93\.00 %/)
  t.equal(html.split('<li>').length, html.split('</li>').length)
  t.equal(html.split('<ul>').length, html.split('</ul>').length)
})

t.test('a language that is no language tag is left out', async t => {
  const language = (CodeValue: string) => documentOf([{
    ...item('CODE', '', { ConceptCodeSequence: concept('Language', CodeValue) }), ConceptNameCodeSequence: concept('Language', '121049'),
  }]).language
  t.equal(language('pt-BR'), 'pt-BR')
  t.equal(language('"onload='), undefined)
})

t.test('Structured Reports and key object selections are documents, images are not', async t => {
  const storage = '1.2.840.10008.5.1.4.1.1.'
  t.strictSame(['88.11', '88.34', '88.59', '4', '104.1', '881'].map(suffix => isSrClass(storage + suffix)), [true, true, true, false, false, false])
})
