import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { spliceElement } from '../../fixtures/make/splice.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { loadModel } from '../../src/model/load-model.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { folder } from '../helpers/result-files.ts'
import { makeResults } from './results.ts'
import { tinyModel, validate, verdictTable } from './run.ts'
import { sources } from './sources.ts'
import { judges, missingJudges, withPython } from './verdicts.ts'
import { ohifComplaints, weasisComplaints } from './viewer-traversal.ts'

t.test('no validator and no reader has anything against any result of any kind of source', { timeout: 1_500_000 }, async t => {
  const validation = await validate(sources)
  const { judged, missing, absent } = validation
  t.comment(verdictTable(validation))
  const without = (variable: string, words: string) => {
    if (process.env[variable] === '1') t.fail(words)
    else t.skip(words, () => undefined)
  }
  if (missing.length > 0) without('TUBERLENS_REQUIRE_TOOLS', `not here: ${missing.join(', ')}`)
  if (absent.length > 0) without('TUBERLENS_REQUIRE_DATA', `test data is absent: ${absent.map(({ name }) => name).join(', ')}`)
  t.equal(judged.length, sources.length - absent.length)
  for (const { source, results, complaints } of judged) {
    t.test(source.name, async t => {
      t.ok(results.study.series.length > 0, 'it is analysed')
      const kinds = new Set(results.files.map(({ kind }) => kind))
      for (const kind of ['grad-cam', 'summary', 'key-objects', 'pdf', 'sr'] as const) t.ok(kinds.has(kind), `there is a ${kind}`)
      t.equal(kinds.has('parametric-map'), source.objects?.parametricMaps === true)
      t.equal(results.otherReports.length, 2 * results.files.filter(({ kind }) => kind === 'sr').length, 'its reports in the other two classes')
      t.strictSame(Object.keys(complaints), judges.filter(name => !missing.includes(name)), 'every judge was heard')
      for (const [judge, texts] of Object.entries(complaints)) t.strictSame(texts, [], judge)
    })
  }
})

t.test('the table names what was not judged, and counts complaints', async t => {
  const [source] = sources
  const results = { study: { series: [] }, files: [], otherReports: [] } as unknown as Parameters<typeof verdictTable>[0]['judged'][number]['results']
  const table = verdictTable({ judged: [{ source: source!, results, complaints: { dciodvfy: [], references: ['one', 'two'] } }], missing: ['FHIR'], absent: [sources[1]!] })
  t.match(table, /\| fixture study, FLAIR and T2 \| 0 \| 0 \| ok \| – \| – \| – \| – \| \*\*2\*\* \|/)
  t.match(table, /Philips FLAIR: its data is absent/)
  t.match(table, /Not here: FHIR\./)
})

t.test('the judges of our own find what is wrong', async t => {
  const directory = folder(t)
  const classifier = await loadModel(tinyModel, { engine: 'onnxruntime' })
  const decoder = createDecoder({ workers: 1 })
  t.teardown(async () => { await Promise.all([classifier.close(), decoder.close()]) })
  const source = sources.find(({ name }) => name === 'one slice')!
  const results = await makeResults(source, '', directory, { classifier, decoder })
  const { study, context, files } = results
  const report = files.find(({ kind }) => kind === 'sr')!
  const dataset = buildStructuredReport({ study, series: study.series[0]!, context })
  const spoil = (changed: Dataset) => {
    writeFileSync(report.path, encodePart10(changed))
    return { ohif: ohifComplaints([report]), weasis: weasisComplaints([report]) }
  }
  t.strictSame(spoil(dataset), { ohif: [], weasis: [] }, 'nothing where nothing is wrong')
  t.match(spoil(inGroup(dataset, items => items.filter(item => item['ValueType'] !== 'SCOORD'))).ohif, ['sr: group 1 has no SCOORD'])
  t.match(spoil(inGroup(dataset, items => items.map(item => item['ValueType'] === 'TEXT' ? { ...item, TextValue: 'Cornerstone3DTools@^0.1.0:Length' } : item))).ohif, [/own measurement/])
  t.match(spoil(inGroup(dataset, items => items.map(item => ({ ...item, ConceptNameCodeSequence: [] })))).ohif, [/nothing at ConceptNameCodeSequence/])
  t.match(spoil({ ...dataset, ContentSequence: (dataset['ContentSequence'] as Dataset[]).slice(0, -1) }).ohif, ['sr: no image library'])
  t.match(spoil(inGroup(dataset, items => items.map(item => item['ValueType'] === 'SCOORD' ? { ...item, ValueType: 'SCOORD3D' } : item))).weasis, ['sr: SCOORD3D is not shown'])
  const { CompletionFlag: _, StationName: __, InstitutionName: ___, ...headless } = dataset
  t.match(spoil(headless).weasis, ['sr: header: CompletionFlag', /InstitutionName/])

  const missing = missingJudges(undefined)
  if (missing.includes('pydicom') || missing.includes('highdicom')) return
  spoil({ ...inGroup(dataset, items => items.filter(item => item['ValueType'] !== 'NUM')), CurrentRequestedProcedureEvidenceSequence: [] })
  writeFileSync(results.sources[0]!, Buffer.from(spliceElement(readFileSync(results.sources[0]!), 0x0020, 0x0032, 'DS', Buffer.from('1\\2\\3'))))
  const [judged] = withPython([{ source, results, complaints: {} }], missing)
  t.match(judged!.complaints, {
    references: [/tree and evidence differ/], geometry: [/^series 9101: .* mm from its source$/], highdicom: ['0 probabilities'],
  })
})

/** The report with other items in its measurement groups. */
function inGroup (report: Dataset, change: (items: readonly Dataset[]) => Dataset[]): Dataset {
  const group = (item: Dataset): Dataset => (item['ContentTemplateSequence'] as readonly Dataset[] | undefined)?.[0]?.['TemplateIdentifier'] === '1501'
    ? { ...item, ContentSequence: change(item['ContentSequence'] as Dataset[]) }
    : { ...item, ...(Array.isArray(item['ContentSequence']) && { ContentSequence: (item['ContentSequence'] as Dataset[]).map(group) }) }
  return { ...report, ContentSequence: (report['ContentSequence'] as Dataset[]).map(group) }
}
