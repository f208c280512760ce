import t from 'tap'
import { combineMoments, parseQuery, type QueryAttribute, queryWarnings } from '../../src/dicomweb/query.ts'

const attributes: readonly QueryAttribute[] = [
  { keyword: 'StudyDate', tag: '00080020', vr: 'DA' },
  { keyword: 'StudyTime', tag: '00080030', vr: 'TM' },
  { keyword: 'PatientName', tag: '00100010', vr: 'PN' },
  { keyword: 'PatientID', tag: '00100020', vr: 'LO' },
  { keyword: 'PatientAge', tag: '00101010', vr: 'AS' },
  { keyword: 'StudyInstanceUID', tag: '0020000D', vr: 'UI' },
  { keyword: 'SeriesNumber', tag: '00200011', vr: 'IS' },
  { keyword: 'RequestAttributesSequence.RequestedProcedureID', tag: '00400275.00401001', vr: 'SH' },
]
const parse = (query: string) => parseQuery(new URLSearchParams(query), attributes)

t.test('an attribute is named by keyword or tag, a member of a sequence by both with a dot', async t => {
  const list = (keyword: string, ...values: readonly string[]) => [{ kind: 'list', keyword, values }]
  t.strictSame(parse('PatientID=P1').matches, list('PatientID', 'P1'))
  t.strictSame(parse('00100020=P1').matches, list('PatientID', 'P1'))
  t.strictSame(parse('0020000d=1.2').matches, list('StudyInstanceUID', '1.2'))
  for (const name of ['RequestAttributesSequence.RequestedProcedureID', '00400275.00401001', 'RequestAttributesSequence.00401001']) {
    t.strictSame(parse(`${name}=R1`).matches, list('RequestAttributesSequence.RequestedProcedureID', 'R1'), name)
  }
  for (const name of ['RequestedProcedureID', 'RequestAttributesSequence', 'RequestAttributesSequence.PatientID', 'Modality', 'a.b', '.', 'RequestAttributesSequence.']) {
    t.throws(() => parse(`${name}=1`), { code: 'request-malformed' }, name)
  }
})

t.test('the value decides how it is matched, by its VR', async t => {
  const match = (query: string) => parse(query).matches[0]
  t.strictSame(match('StudyDate=20200101-20200131'), { kind: 'range', keyword: 'StudyDate', from: '20200101', to: '20200131' })
  t.strictSame(match('StudyDate=20200101-'), { kind: 'range', keyword: 'StudyDate', from: '20200101', to: undefined })
  t.strictSame(match('StudyDate=-20200101'), { kind: 'range', keyword: 'StudyDate', from: undefined, to: '20200101' })
  t.strictSame(match('StudyTime=1011'), { kind: 'list', keyword: 'StudyTime', values: ['1011'] })
  t.strictSame(match('PatientID=P*'), { kind: 'wildcard', keyword: 'PatientID', pattern: 'P*' })
  t.strictSame(match('PatientName=doe'), { kind: 'wildcard', keyword: 'PatientName', pattern: 'doe' })
  t.strictSame(match('PatientName=%E6%9D%9C%5E%E7%8F%8D'), { kind: 'wildcard', keyword: 'PatientName', pattern: '杜^珍' })
  t.strictSame(match('StudyInstanceUID=1.2,1.3%5C1.4'), { kind: 'list', keyword: 'StudyInstanceUID', values: ['1.2', '1.3', '1.4'] })
  t.strictSame(match('SeriesNumber=%2B05'), { kind: 'list', keyword: 'SeriesNumber', values: ['5'] })
  t.strictSame(match('PatientAge=030Y'), { kind: 'list', keyword: 'PatientAge', values: ['030Y'] })
  for (const universal of ['PatientID=', 'PatientID=*', 'PatientName=**', 'StudyDate=']) t.strictSame(parse(universal).matches, [], universal)
})

t.test('a range of dates and one of times are one range of moments (PS3.4 C.2.2.2.5)', async t => {
  const combined = (query: string) => combineMoments(parse(query).matches)
  const moment = (from: string | undefined, to: string | undefined) => [{ kind: 'moment', keyword: 'StudyDate', time: 'StudyTime', from, to }]
  t.strictSame(combined('StudyDate=20060705-20060707&StudyTime=1000-1800'), moment('200607051000', '200607071800'))
  t.strictSame(combined('StudyTime=1000-&StudyDate=20060705-'), moment('200607051000', undefined))
  t.strictSame(combined('StudyDate=-20060707&StudyTime=1000-'), moment(undefined, '20060707'))
  t.equal(combined('StudyDate=20060705&StudyTime=1000-1800').length, 2, 'a single date stands for itself')
  t.equal(combined('StudyDate=20060705-20060707&StudyTime=1000').length, 2)
  t.equal(combined('StudyDate=20060705-20060707').length, 1)
})

t.test('includefield is all, or attributes of any level', async t => {
  t.strictSame(parse('').fields, [])
  t.equal(parse('includefield=all').fields, 'all')
  t.strictSame(parse('includefield=StudyDate,00080060&includefield=RequestAttributesSequence.RequestedProcedureID').fields, ['00080020', '00080060', '00400275'])
  for (const query of ['includefield=all,StudyDate', 'includefield=all&includefield=all', 'includefield=', 'includefield=Nonsense', 'includefield=StudyDate,']) {
    t.throws(() => parse(query), { code: 'request-malformed', facts: { parameter: 'includefield' } }, query)
  }
})

t.test('what cannot be understood is named, never repeated', async t => {
  for (const [parameter, query] of [['limit', 'limit=secret'], ['offset', 'offset=-1'], ['limit', 'limit=1&limit=1'], ['fuzzymatching', 'fuzzymatching=secret'],
    ['StudyDate', 'StudyDate=secret'], ['StudyDate', 'StudyDate=1-2-3'], ['StudyTime', 'StudyTime=1'], ['StudyInstanceUID', 'StudyInstanceUID=secret'],
    ['SeriesNumber', 'SeriesNumber=secret'], ['PatientID', 'PatientID=1&00100020=2']] as const) {
    t.throws(() => parse(query), { code: 'request-malformed', facts: { parameter }, message: /^(?!.*secret)/ }, query)
  }
  t.throws(() => parse('secret=1'), { code: 'request-malformed', message: /^(?!.*secret)/ })
})

t.test('limit has a default and a most, and three switches are not supported', async t => {
  t.match(parse(''), { limit: 100, offset: 0, unsupported: [] })
  t.match(parse('limit=5000&offset=7&accept=x&charset=y'), { limit: 1000, offset: 7, matches: [] })
  const query = parse('fuzzymatching=true&emptyvaluematching=true&multiplevaluematching=true&limit=2&offset=1')
  t.strictSame(queryWarnings('https://host/dicom-web', query, { total: 6, rows: 2 }), [
    ...['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching'].map(name =>
      `299 https://host/dicom-web: The ${name} parameter is not supported. Only literal matching has been performed.`),
    '299 https://host/dicom-web: There are 3 additional results that can be requested',
  ])
  t.strictSame(queryWarnings('x', parse('fuzzymatching=false&offset=4'), { total: 4, rows: 0 }), [])
})
