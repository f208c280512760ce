import t from 'tap'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { readMultipart } from './support/read-multipart.ts'
import { testService } from './support/test-service.ts'

type Dataset = Record<string, { vr: string, Value?: unknown[] }>
const value = (dataset: Dataset | undefined, tag: string): unknown => dataset?.[tag]?.Value?.[0]

t.test('studies, series and instances are found at each of the six addresses', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' }), dicomFile({ sop: '1.2.5.1.1', series: '1.2.5.1', study: '1.2.5' })]))
  const cases = [
    ['/studies', 2], ['/series', 2], ['/instances', 3], ['/studies/1.2.3/series', 1], ['/studies/1.2.3/instances', 2],
    ['/studies/1.2.3/series/1.2.3.4/instances', 2], ['/studies?StudyInstanceUID=1.2.5', 1], ['/studies?0020000D=1.2.5,1.2.3', 2],
    ['/studies?PatientName=doe*', 2], ['/studies?PatientName=D?e%5EJane', 2], ['/studies?PatientID=PID1', 2],
    ['/studies?StudyDate=20200101-20200131', 2], ['/studies?StudyDate=20200102', 2], ['/studies?ModalitiesInStudy=MR', 2],
    ['/studies?AccessionNumber=ACC*&StudyTime=10-11', 2], ['/series?Modality=MR&SeriesDescription=FL*', 2], ['/instances?InstanceNumber=1', 3],
    ['/instances?Rows=4&SOPClassUID=1.2.840.10008.5.1.4.1.1.4', 3], ['/studies?PatientName=&PatientID=*', 2], ['/instances?limit=2&offset=1', 2],
  ] as const
  for (const [url, count] of cases) {
    const answer = await service.inject({ url: `/dicom-web${url}` })
    t.equal(answer.statusCode, 200, url)
    t.match(answer.headers['content-type'], /^application\/dicom\+json/)
    t.equal(answer.json<unknown[]>().length, count, url)
  }
  for (const url of ['/studies?PatientID=none', '/studies?StudyDate=-20191231', '/studies?ModalitiesInStudy=CT', '/studies/9.9/series', '/instances?offset=3']) {
    const answer = await service.inject({ url: `/dicom-web${url}` })
    t.equal(answer.statusCode, 204, url)
    t.equal(answer.body, '')
  }
})

t.test('a match carries the attributes of PS3.18 Tables 10.6.3-3 to -5', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const [study] = (await service.inject({ url: '/dicom-web/studies' })).json<Dataset[]>()
  for (const tag of ['00080020', '00080030', '00080050', '00080056', '00080061', '00081190', '00100010', '00100020', '0020000D', '00201206', '00201208']) {
    t.ok(study![tag], tag)
  }
  t.equal(value(study, '00081190'), 'http://localhost:80/dicom-web/studies/1.2.3')
  t.equal(value(study, '00201208'), 1)
  const [series] = (await service.inject({ url: '/dicom-web/series' })).json<Dataset[]>()
  for (const tag of ['00080060', '0008103E', '00081190', '0020000E', '00200011', '00201209']) t.ok(series![tag], tag)
  const [instance] = (await service.inject({ url: '/dicom-web/instances' })).json<Dataset[]>()
  for (const tag of ['00080016', '00080018', '00080056', '00081190', '00200013', '00280010', '00280011', '00280100']) t.ok(instance![tag], tag)
  t.equal(value(instance, '00081190'), 'http://localhost:80/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1')
  t.strictSame(Object.keys(instance!), Object.keys(instance!).sort(), 'tags ascend')
})

t.test('a result holds what the standard demands and what was asked for, nothing else', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile({ change: { '00101010': ['00101010', 'AS', '030Y'], '00081010': ['00081010', 'SH', 'SCANNER'] } })]))
  const tags = async (url: string) => Object.keys((await service.inject({ url: `/dicom-web${url}` })).json<Dataset[]>()[0]!)
  const study = ['00080005', '00080020', '00080030', '00080050', '00080056', '00080061', '00081190', '00100010', '00100020', '0020000D', '00201206', '00201208']
  const ofSeries = ['00080060', '0008103E', '0020000E', '00200011', '00201209']
  const ofInstance = ['00080016', '00080018', '00200013', '00280010', '00280011', '00280100']
  const every = ['00080005', '00080056', '00081190', '0020000D']
  const set = (...parts: readonly (readonly string[])[]) => [...new Set(parts.flat())].sort()
  t.strictSame(await tags('/studies'), study)
  t.strictSame(await tags('/series'), set(study, ofSeries), 'of all studies: with what each is of')
  t.strictSame(await tags('/studies/1.2.3/series'), set(every, ofSeries))
  t.strictSame(await tags('/instances'), set(study, ofSeries, ofInstance))
  t.strictSame(await tags('/studies/1.2.3/instances'), set(every, ofSeries, ofInstance))
  t.strictSame(await tags('/studies/1.2.3/series/1.2.3.4/instances'), set(every, ['0020000E'], ofInstance))
  t.strictSame(await tags('/studies?includefield=StudyDescription'), set(study, ['00081030']))
  t.strictSame(await tags('/studies?includefield=00081030,00101010&includefield=Modality'), set(study, ['00081030', '00101010']), 'a series has its own search')
  t.strictSame(await tags('/studies?StudyDescription=Br*'), set(study, ['00081030']), 'what is matched is returned')
  t.strictSame(await tags('/studies?includefield=all'), set(study, ['00081030', '00101010']))
  t.strictSame(await tags('/studies/1.2.3/series?includefield=all'), set(every, ofSeries, ['00081010']))
  t.strictSame(await tags('/studies/1.2.3/series?includefield=PatientName,StationName'), set(every, ofSeries, ['00100010', '00081010']))
  t.strictSame(await tags('/studies?includefield=PixelData,00091001'), study, 'what is not kept is left out')
  const [all] = (await service.inject({ url: '/dicom-web/studies/1.2.3/instances?includefield=all' })).json<Dataset[]>()
  t.strictSame(all!['00180081'], { vr: 'DS', Value: [100] })
  t.strictSame(all!['00080008']!.Value, ['ORIGINAL', 'PRIMARY', 'M', 'SE'])
})

t.test('members of a sequence, ranges of moments and names beyond ASCII are matched', async t => {
  const service = await testService(t)
  const item = Buffer.concat([Buffer.from('feff00e0', 'hex'), Buffer.from([20, 0, 0, 0]), Buffer.from('40000900', 'hex'), Buffer.from('SH'), Buffer.from([2, 0]), Buffer.from('S7'),
    Buffer.from('40000110', 'hex'), Buffer.from('SH'), Buffer.from([2, 0]), Buffer.from('R7')])
  await service.store(multipart([dicomFile({ patientName: 'M\xfcller^Zo\xeb', change: { '00400275': ['00400275', 'SQ', item] } })]))
  const count = async (url: string) => (await service.inject({ url: `/dicom-web/${url}` })).statusCode
  for (const name of ['RequestAttributesSequence.ScheduledProcedureStepID=S7', '00400275.00400009=S*', '00400275.RequestedProcedureID=R7']) {
    t.equal(await count(`series?${name}`), 200, name)
    t.equal(await count(`studies/1.2.3/instances?${name}`), 200, name)
    t.equal(await count(`studies?${name}`), 400, 'not of a study')
  }
  t.equal(await count('series?00400275.00400009=R7'), 204)
  const [series] = (await service.inject({ url: '/dicom-web/series' })).json<Dataset[]>()
  t.strictSame(series!['00400275']!.Value, [{ '00400009': { vr: 'SH', Value: ['S7'] }, '00401001': { vr: 'SH', Value: ['R7'] } }])
  t.equal(await count(`studies?PatientName=${encodeURIComponent('MÜLLER^zoë')}`), 200)
  t.equal(await count('studies?StudyDate=20200101-20200102&StudyTime=12-11'), 200, '1 January 12:00 to 2 January 11:59')
  t.equal(await count('studies?StudyDate=20200101-20200102&StudyTime=12-09'), 204)
})

t.test('results keep their order from page to page', async t => {
  const service = await testService(t)
  await service.store(multipart(Array.from({ length: 7 }, (_, i) => dicomFile({ sop: `1.2.3.4.${i + 1}` }))))
  const uids = async (query: string) => (await service.inject({ url: `/dicom-web/instances?${query}` })).json<Dataset[]>().map(row => value(row, '00080018'))
  const all = await uids('')
  t.equal(new Set(all).size, 7)
  t.strictSame([...await uids('limit=3'), ...await uids('limit=3&offset=3'), ...await uids('limit=3&offset=6')], all)
  const none = await service.inject({ url: '/dicom-web/instances?limit=0' })
  t.equal(none.statusCode, 204)
  t.match([none.headers.warning].flat()[0], /: There are 7 additional results that can be requested$/)
})

t.test('the warnings are those of the standard, word for word', async t => {
  const service = await testService(t, { settings: { publicBaseUrl: 'https://ai.example' } })
  await service.store(multipart(['1', '2', '3'].map(n => dicomFile({ sop: `1.2.3.4.${n}` }))))
  const more = await service.inject({ url: '/dicom-web/instances?limit=1' })
  t.strictSame([more.headers.warning].flat(), ['299 https://ai.example/dicom-web: There are 2 additional results that can be requested'])
  const fuzzy = await service.inject({ url: '/dicom-web/studies?fuzzymatching=true&emptyvaluematching=true&multiplevaluematching=true' })
  t.strictSame([fuzzy.headers.warning].flat(), ['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching'].map(name =>
    `299 https://ai.example/dicom-web: The ${name} parameter is not supported. Only literal matching has been performed.`))
  t.notHas((await service.inject({ url: '/dicom-web/studies?fuzzymatching=false' })).headers, 'warning')
})

t.test('a search that cannot be understood is 400, one that cannot be answered 406', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const cases = ['NoSuchAttribute=1', 'Modality=MR', 'StudyInstanceUID=1..2', 'StudyDate=2020', 'StudyDate=-', 'StudyDate=20200101-20200102-20200103',
    'StudyTime=25h', 'limit=1&limit=2', 'limit=-1', 'limit=x', 'offset=1.5', 'fuzzymatching=maybe', 'PatientID=1&PatientID=2', 'includefield=all&includefield=StudyDate',
    'includefield=Nonsense', 'NumberOfStudyRelatedInstances=1', '0020000D=1.2.3&StudyInstanceUID=1.2.3']
  for (const query of cases) t.equal((await service.inject({ url: `/dicom-web/studies?${query}` })).statusCode, 400, query)
  t.equal((await service.inject({ url: '/dicom-web/series?SeriesNumber=x' })).statusCode, 400)
  t.equal((await service.inject({ url: '/dicom-web/studies', headers: { accept: 'text/html' } })).statusCode, 406)
  for (const query of ['includefield=all', 'includefield=00081030,00080060&limit=101&offset=0&fuzzymatching=false', 'limit=100000']) {
    t.equal((await service.inject({ url: `/dicom-web/studies?${query}` })).statusCode, 200, query)
  }
})

t.test('matches as XML are a part each', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' })]))
  const answer = await service.inject({ url: '/dicom-web/instances?accept=multipart%2Frelated%3B%20type%3D%22application%2Fdicom%2Bxml%22' })
  const parts = readMultipart(answer.rawPayload, answer.headers['content-type'])
  t.equal(parts.length, 2)
  t.match(parts[0]!.content.toString(), /<NativeDicomModel .*tag="00080018" vr="UI"><Value number="1">1\.2\.3\.4\.[12]<\/Value>/s)
})
