import t from 'tap'
import type { AttributeMatch, SearchLevel } from '../../src/archive/archive.ts'
import type { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { attributesOfLevel, searchableAttributes } from '../../src/archive/searchable-attributes.ts'
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
  t.throws(() => found(archive, 'series', { kind: 'list', keyword: 'RequestAttributesSequence', values: ['1'] }), { code: 'request-malformed' })
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
})
