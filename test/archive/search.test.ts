import t from 'tap'
import type { AttributeMatch, SearchLevel } from '../../src/archive/archive.ts'
import type { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { attributesOfLevel, matchableAttributes, searchableAttributes } from '../../src/archive/searchable-attributes.ts'
import { tagOf, vrOf } from '../../src/dicom/dictionary.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'

async function filled (t: Parameters<typeof openArchive>[0]): Promise<SqliteArchive> {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  await store(archive, mrFile({ study: 'a', series: 'a1', index: 0 }), mrFile({ study: 'a', series: 'a1', index: 1 }))
  clock.pass(1000)
  await store(archive, mrFile({ study: 'a', series: 'a2', index: 0 }, { SeriesDescription: 'AX T2 [fast]', SeriesNumber: 5 }))
  clock.pass(1000)
  const other = { PatientName: { Alphabetic: 'Roe^Richard' }, PatientID: 'P2', StudyDate: '20250315', StudyTime: '143015', AccessionNumber: 'B7' }
  await store(archive, mrFile({ study: 'b', series: 'b1' }, other))
  return archive
}

function found (archive: SqliteArchive, level: SearchLevel, ...matches: readonly AttributeMatch[]): string[] {
  const names = new Map(['a', 'b', 'a1', 'a2', 'b1', 'a1 0', 'a1 1', 'a2 0', 'b1 0'].map(name => [uidFromName(name) as string, name]))
  return archive.search({ level, matches, limit: 100, offset: 0 }).rows
    .map(row => names.get(row.sopInstanceUid ?? row.seriesInstanceUid ?? row.studyInstanceUid)!).sort()
}

t.test('without a rule everything is found, newest first', async t => {
  const archive = await filled(t)
  t.strictSame(archive.search({ level: 'study', matches: [], limit: 9, offset: 0 }).rows.map(row => row.studyInstanceUid), [uidFromName('b'), uidFromName('a')])
  t.strictSame(found(archive, 'series'), ['a1', 'a2', 'b1'])
  t.strictSame(found(archive, 'instance'), ['a1 0', 'a1 1', 'a2 0', 'b1 0'])
})

t.test('rules match as PS3.4 C.2.2.2 says', async t => {
  const archive = await filled(t)
  const table: [SearchLevel, AttributeMatch, string[]][] = [
    ['study', { kind: 'list', keyword: 'PatientID', values: ['P1'] }, ['a']],
    ['study', { kind: 'list', keyword: 'PatientID', values: ['p1'] }, []],
    ['study', { kind: 'list', keyword: 'StudyInstanceUID', values: [uidFromName('a'), uidFromName('b'), '1.2'] }, ['a', 'b']],
    ['study', { kind: 'wildcard', keyword: 'PatientName', pattern: 'doe*' }, ['a']],
    ['study', { kind: 'wildcard', keyword: 'PatientName', pattern: '?oe^*' }, ['a', 'b']],
    ['study', { kind: 'wildcard', keyword: 'AccessionNumber', pattern: 'b*' }, []],
    ['study', { kind: 'wildcard', keyword: 'AccessionNumber', pattern: 'B*' }, ['b']],
    ['study', { kind: 'range', keyword: 'StudyDate', from: '20260101', to: undefined }, ['a']],
    ['study', { kind: 'range', keyword: 'StudyDate', from: undefined, to: '20251231' }, ['b']],
    ['study', { kind: 'range', keyword: 'StudyDate', from: '20250315', to: '20260102' }, ['a', 'b']],
    ['study', { kind: 'range', keyword: 'StudyTime', from: '1430', to: '1430' }, ['b']],
    ['study', { kind: 'list', keyword: 'ModalitiesInStudy', values: ['MR'] }, ['a', 'b']],
    ['study', { kind: 'list', keyword: 'ModalitiesInStudy', values: ['SR'] }, []],
    ['series', { kind: 'wildcard', keyword: 'SeriesDescription', pattern: '*[fast]' }, ['a2']],
    ['series', { kind: 'list', keyword: 'SeriesNumber', values: ['5'] }, ['a2']],
    ['series', { kind: 'list', keyword: 'Modality', values: ['MR'] }, ['a1', 'a2', 'b1']],
    ['series', { kind: 'list', keyword: 'PatientID', values: ['P2'] }, ['b1']],
    ['instance', { kind: 'list', keyword: 'InstanceNumber', values: ['2'] }, ['a1 1']],
    ['instance', { kind: 'list', keyword: 'SOPInstanceUID', values: [uidFromName('a2 0')] }, ['a2 0']],
    ['instance', { kind: 'list', keyword: 'Rows', values: ['4'] }, ['a1 0', 'a1 1', 'a2 0', 'b1 0']],
  ]
  for (const [level, match, expected] of table) t.strictSame(found(archive, level, match), expected, `${level} ${JSON.stringify(match)}`)
  t.strictSame(found(archive, 'series', table[0]![1], table[13]![1]), ['a2'], 'all rules hold together')
})

t.test('a name matches in any of its groups, or each in its own', async t => {
  const archive = await filled(t)
  await store(archive, mrFile({ study: 'c', series: 'c1' }, { PatientName: { Alphabetic: 'Müller^Zoë', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' } }))
  const names = (pattern: string) => archive.search({ level: 'study', matches: [{ kind: 'wildcard', keyword: 'PatientName', pattern }], limit: 9, offset: 0 }).total
  const table: [pattern: string, count: number][] = [
    ['MÜLLER^ZOË', 1], ['mu\u0308ller^*', 1], ['müller^zoë^^^', 1], ['müller', 0], ['muller*', 0], ['山田^太郎', 1], ['山田*', 1], ['やまだ^?ろう', 1],
    ['müller*=山田*', 1], ['=山田*', 1], ['==やまだ*', 1], ['山田*=müller*', 0], ['doe^jane=杜^珍', 1], ['doe^jane=山田*', 0], ['roe*=*', 0], ['=', 3], ['[a-z]*', 0],
  ]
  for (const [pattern, count] of table) t.equal(names(pattern), count, pattern)
})

t.test('dates and times match as one', async t => {
  const archive = await filled(t)
  const match = (from: string | undefined, to: string | undefined): AttributeMatch => ({ kind: 'moment', keyword: 'StudyDate', time: 'StudyTime', from, to })
  // a: 2026-01-02 10:11:12, b: 2025-03-15 14:30:15
  const table: [AttributeMatch, string[]][] = [
    [match('202503151430', '202601021011'), ['a', 'b']],
    [match('202503151431', '202601021011'), ['a']],
    [match('202503151430', '202601021010'), ['b']],
    [match('20250316', '20260102'), ['a']],
    [match(undefined, '20251231235959'), ['b']],
    [match('202601021012', undefined), []],
  ]
  for (const [rule, expected] of table) t.strictSame(found(archive, 'study', rule), expected, JSON.stringify(rule))
  await store(archive, mrFile({ study: 'd', series: 'd1' }, { PerformedProcedureStepStartDate: '20240101', PerformedProcedureStepStartTime: '08' }))
  const step: AttributeMatch = { kind: 'moment', keyword: 'PerformedProcedureStepStartDate', time: 'PerformedProcedureStepStartTime', from: '2024010107', to: '2024010108' }
  t.equal(archive.search({ level: 'series', matches: [step], limit: 9, offset: 0 }).total, 1)
  t.equal(archive.search({ level: 'series', matches: [{ ...step, to: '2024010107' }], limit: 9, offset: 0 }).total, 0)
})

t.test('members of the request sequence match in any of its items', async t => {
  const archive = await filled(t)
  const request = (RequestedProcedureID: string, ScheduledProcedureStepID: string) => ({ RequestedProcedureID, ScheduledProcedureStepID })
  await store(archive, mrFile({ study: 'e', series: 'e1' }, { RequestAttributesSequence: [request('R1', 'S1'), request('R2', 'S2')] }))
  const count = (member: string, match: { kind: 'list', values: string[] } | { kind: 'wildcard', pattern: string }) => archive.search({
    level: 'series', matches: [{ ...match, keyword: `RequestAttributesSequence.${member}` }], limit: 9, offset: 0,
  }).total
  t.equal(count('RequestedProcedureID', { kind: 'list', values: ['R2'] }), 1)
  t.equal(count('ScheduledProcedureStepID', { kind: 'wildcard', pattern: 'S?' }), 1)
  t.equal(count('RequestedProcedureID', { kind: 'list', values: ['S1'] }), 0)
})

t.test('a rule is a value, never a piece of SQL', async t => {
  const archive = await filled(t)
  t.strictSame(found(archive, 'study', { kind: 'list', keyword: 'PatientID', values: ["P1' OR '1'='1"] }), [])
  t.strictSame(found(archive, 'study', { kind: 'wildcard', keyword: 'PatientName', pattern: "*'; DROP TABLE studies; --" }), [])
  t.equal(found(archive, 'study').length, 2)
})

t.test('what a level does not match on is refused by name', async t => {
  const archive = await filled(t)
  for (const keyword of ['SOPInstanceUID', 'NumberOfStudyRelatedSeries', 'PixelData', 'constructor']) {
    t.throws(() => found(archive, 'study', { kind: 'list', keyword, values: ['1'] }), { code: 'request-malformed' }, keyword)
  }
  for (const keyword of ['RequestAttributesSequence', 'PatientWeight', 'RequestAttributesSequence.PatientID']) {
    t.throws(() => found(archive, 'series', { kind: 'list', keyword, values: ['1'] }), { code: 'request-malformed' }, keyword)
  }
  t.throws(() => found(archive, 'study', { kind: 'list', keyword: 'PatientName', values: ['Doe^Jane'] }), { code: 'request-malformed' })
})

t.test('the path narrows, limit and offset page, and the total counts all', async t => {
  const archive = await filled(t)
  const ofStudy = archive.search({ level: 'instance', study: uidFromName('a'), matches: [], limit: 2, offset: 0 })
  t.match(ofStudy, { total: 3 })
  t.equal(ofStudy.rows.length, 2)
  const rest = archive.search({ level: 'instance', study: uidFromName('a'), matches: [], limit: 2, offset: 2 })
  t.equal(new Set([...ofStudy.rows, ...rest.rows].map(row => row.sopInstanceUid)).size, 3)
  t.equal(archive.search({ level: 'instance', study: uidFromName('a'), series: uidFromName('a2'), matches: [], limit: 9, offset: 0 }).total, 1)
  t.equal(archive.search({ level: 'series', study: uidFromName('b'), series: uidFromName('a2'), matches: [], limit: 9, offset: 0 }).total, 0)
})

t.test('a study row holds the attributes of PS3.18 Table 10.6.3-3 in order', async t => {
  const archive = await filled(t)
  const { attributes } = archive.search({ level: 'study', study: uidFromName('a'), matches: [], limit: 1, offset: 0 }).rows[0]!
  t.strictSame(attributes, {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080020': { vr: 'DA', Value: ['20260102'] },
    '00080030': { vr: 'TM', Value: ['101112'] },
    '00080050': { vr: 'SH', Value: ['A1'] },
    '00080056': { vr: 'CS', Value: ['ONLINE'] },
    '00080061': { vr: 'CS', Value: ['MR'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane', Ideographic: '杜^珍' }] },
    '00100020': { vr: 'LO', Value: ['P1'] },
    '00100040': { vr: 'CS', Value: ['F'] },
    '0020000D': { vr: 'UI', Value: [uidFromName('a')] },
    '00200010': { vr: 'SH', Value: ['S1'] },
    '00201206': { vr: 'IS', Value: [2] },
    '00201208': { vr: 'IS', Value: [3] },
  })
  t.strictSame(Object.keys(attributes), Object.keys(attributes).sort())
})

t.test('series and instance rows add theirs', async t => {
  const archive = await filled(t)
  const series = archive.search({ level: 'series', series: uidFromName('a1'), matches: [], limit: 1, offset: 0 }).rows[0]!
  t.match(series.attributes, { '00080060': { Value: ['MR'] }, '0008103E': { Value: ['AX FLAIR'] }, '00200011': { vr: 'IS', Value: [4] }, '00201209': { Value: [2] }, '00100020': { Value: ['P1'] } })
  const instance = archive.search({ level: 'instance', matches: [{ kind: 'list', keyword: 'SOPInstanceUID', values: [uidFromName('a1 1')] }], limit: 1, offset: 0 }).rows[0]!
  t.match(instance.attributes, {
    '00080016': { Value: ['1.2.840.10008.5.1.4.1.1.4'] },
    '00080018': { Value: [uidFromName('a1 1')] },
    '00200013': { Value: [2] },
    '00280010': { vr: 'US', Value: [4] },
    '00280100': { Value: [16] },
    '0020000E': { Value: [uidFromName('a1')] },
  })
})

t.test('the table of attributes agrees with PS3.6', async t => {
  for (const { keyword, tag, vr } of searchableAttributes('instance')) {
    const number = tagOf(keyword)
    t.equal(number?.toString(16).toUpperCase().padStart(8, '0'), tag, keyword)
    t.equal(vrOf(number!), vr, `${keyword} VR`)
  }
  t.equal(searchableAttributes('instance').length, Object.values(attributesOfLevel).flat().length)
  for (const { keyword, tag, vr } of matchableAttributes('instance').filter(({ tag }) => tag.includes('.'))) {
    const numbers = keyword.split('.').map(name => tagOf(name)!)
    t.equal(numbers.map(number => number.toString(16).toUpperCase().padStart(8, '0')).join('.'), tag, keyword)
    t.equal(vrOf(numbers[1]!), vr)
  }
})
