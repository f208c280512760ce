import { readFileSync } from 'node:fs'
import t from 'tap'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { dataPath } from '../helpers/data.ts'
import { brokenRle, dicomFile, multipart } from './support/dicom-file.ts'
import { testService, type TestService } from './support/test-service.ts'

const uids = 'studyUID=1.2.3&seriesUID=1.2.3.4&objectUID=1.2.3.4.1'
const uri = `/dicom-web/wado?requestType=WADO&${uids}`

async function withImage (t: Parameters<typeof testService>[0]): Promise<TestService & { file: Buffer }> {
  const service = await testService(t)
  const file = dicomFile()
  const { statusCode } = await service.store(multipart([file]))
  if (statusCode !== 200) throw new Error(`stored with ${statusCode}`)
  return { ...service, file }
}

t.test('an image is a JPEG unless something else is asked for, at both addresses', async t => {
  const service = await withImage(t)
  for (const address of [uri, uri.replace('/dicom-web', '')]) {
    const picture = await service.inject({ url: address })
    t.equal(picture.statusCode, 200)
    t.equal(picture.headers['content-type'], 'image/jpeg')
    t.strictSame([...picture.rawPayload.subarray(0, 2)], [0xff, 0xd8])
  }
  const type = async (contentType: string, accept?: string) => {
    const answer = await service.inject({ url: `${uri}&contentType=${encodeURIComponent(contentType)}`, headers: accept === undefined ? {} : { accept } })
    return answer.statusCode === 200 ? answer.headers['content-type'] : answer.statusCode
  }
  t.equal(await type('image/png'), 'image/png')
  t.equal(await type('image/gif;q=1, image/png;q=0.2, image/jpeg;q=0.5'), 'image/jpeg', 'what is unknown is left out, weights decide')
  t.equal(await type('image/png', 'text/html'), 'image/png', 'the parameter wins over Accept')
  t.equal(await type('application/dicom'), 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1')
  t.equal(await type('image/gif'), 406)
  t.equal(await type('text/html'), 406, 'no report')
  const file = await service.inject({ url: uri, headers: { accept: 'application/dicom' } })
  t.ok(file.rawPayload.equals(service.file))
  t.equal(file.headers['content-disposition'], 'attachment')
})

t.test('a picture is windowed, cut and scaled as WADO-RS does it', async t => {
  const service = await withImage(t)
  const same = async (parameters: string, rendered: string) => {
    const answer = await service.inject({ url: `${uri}&contentType=image/png&${parameters}` })
    const reference = await service.inject({ url: `/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/rendered?accept=image/png&${rendered}` })
    t.equal(answer.statusCode, 200, parameters)
    t.ok(answer.rawPayload.equals(reference.rawPayload), parameters)
  }
  await same('windowCenter=700&windowWidth=300', 'window=700,300,linear')
  await same('rows=8', 'viewport=999,8')
  await same('columns=2&rows=100', 'viewport=2,100')
  await same('region=0.25,0.25,0.75,0.75', 'viewport=2,2,1,1,2,2')
  await same('region=0.5,0,1,1&rows=8', 'viewport=99,8,2,0,2,4')
  await same('frameNumber=1', '')
  const annotated = await service.inject({ url: `${uri}&annotation=patient` })
  t.match(annotated.headers.warning, /^299 http.*\/dicom-web: The following annotation values are not supported: patient$/)
})

t.test('the transfer syntax of a file can be chosen, as stored or explicit little endian', async t => {
  const path = dataPath(t, 'mr-dicom/nema-wg04/MR4_J2KR')
  if (path === undefined) return
  const service = await testService(t)
  const original = readFileSync(path)
  const stored = (await service.store(multipart([original]))).json<{ '00081199': { Value: { '00081190': { Value: string[] } }[] } }>()
  const [, study, series, object] = /studies\/(.*)\/series\/(.*)\/instances\/(.*)$/.exec(stored['00081199'].Value[0]!['00081190'].Value[0]!)!
  const get = async (transferSyntax: string) => await service.inject({
    url: `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${object}&contentType=application/dicom&transferSyntax=${transferSyntax}`,
  })
  for (const syntax of ['*', '1.2.840.10008.1.2.4.90']) {
    const answer = await get(syntax)
    t.equal(answer.headers['content-type'], 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90')
    t.ok(answer.rawPayload.subarray(128).equals(original.subarray(128)), 'byte for byte')
  }
  t.equal((await get('1.2.840.10008.1.2.1')).headers['content-type'], 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1')
  t.equal((await get('1.2.840.10008.1.2.4.50')).statusCode, 406)
})

t.test('an image of several frames is a DICOM file, one of its frames a picture', async t => {
  const path = dataPath(t, 'mr-dicom/enhanced-mr-small/emri_small.dcm')
  if (path === undefined) return
  const service = await testService(t)
  const stored = (await service.store(multipart([readFileSync(path)]))).json<{ '00081199': { Value: { '00081190': { Value: string[] } }[] } }>()
  const url = stored['00081199'].Value[0]!['00081190'].Value[0]!
  const [, study, series, object] = /studies\/(.*)\/series\/(.*)\/instances\/(.*)$/.exec(url)!
  const multi = `/wado?requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${object}`
  t.match((await service.inject({ url: multi })).headers['content-type'], /^application\/dicom;/)
  const third = await service.inject({ url: `${multi}&frameNumber=3` })
  t.equal(third.headers['content-type'], 'image/jpeg')
  t.ok(third.rawPayload.equals((await service.inject({ url: `${url}/frames/3/rendered` })).rawPayload))
  t.ok((await service.inject({ url: `${multi}&contentType=image/jpeg` })).rawPayload.equals((await service.inject({ url: `${url}/rendered` })).rawPayload))
  t.equal((await service.inject({ url: `${multi}&frameNumber=11` })).statusCode, 400, 'PS3.18 9.5.2')
})

t.test('a report is a page, text or a file', async t => {
  const service = await testService(t)
  const concept = [{ CodeValue: 'X', CodingSchemeDesignator: '99TEST', CodeMeaning: 'Report' }]
  await service.store(multipart([Buffer.from(encodePart10({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.34', SOPInstanceUID: '1.2.3.4.1', StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.4', Modality: 'MR',
    ValueType: 'CONTAINER', ConceptNameCodeSequence: concept,
    ContentSequence: [{ RelationshipType: 'CONTAINS', ValueType: 'TEXT', ConceptNameCodeSequence: concept, TextValue: '<b>x' }],
  }))]))
  const page = await service.inject({ url: uri })
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  t.match(page.headers['content-security-policy'], /^default-src 'none';/)
  t.match(page.body, '&#60;b&#62;x')
  t.equal((await service.inject({ url: `${uri}&contentType=text/plain` })).headers['content-type'], 'text/plain; charset=utf-8')
  t.match((await service.inject({ url: `${uri}&contentType=application/dicom` })).headers['content-type'], /^application\/dicom;/)
  t.equal((await service.inject({ url: `${uri}&contentType=image/jpeg` })).statusCode, 406)
  t.equal((await service.inject({ url: `${uri}&frameNumber=1` })).statusCode, 400)
})

t.test('each error has its status', async t => {
  const service = await withImage(t)
  const cases: readonly (readonly [url: string, status: number])[] = [
    ['/wado', 400],
    [`/wado?${uids}`, 400],
    [`/wado?requestType=OTHER&${uids}`, 400],
    [uri.replace('studyUID=1.2.3&', ''), 400],
    [`${uri}&objectUID=1.2.3.4.1`, 400],
    [uri.replace('objectUID=1.2.3.4.1', 'objectUID=..%2Fetc'), 400],
    [`${uri}&windowCenter=1`, 400],
    [`${uri}&frameNumber=2`, 400],
    [`${uri}&imageQuality=0`, 400],
    [`${uri}&anonymize=yes`, 406],
    [`${uri}&rows=99999&columns=99999`, 413],
    [`${uri}&presentationUID=1.2&presentationSeriesUID=1.3`, 404],
    [uri.replace('1.2.3.4.1', '1.2.3.4.9'), 404],
    [uri.replace('studyUID=1.2.3&', 'studyUID=1.2.4&'), 404],
  ]
  for (const [url, status] of cases) t.equal((await service.inject({ url })).statusCode, status, url)
  await service.archive.eraseStudy('1.2.3' as never)
  t.equal((await service.inject({ url: uri })).statusCode, 410)
})

t.test('an object that is neither an image nor a report is a file', async t => {
  const service = await testService(t)
  await service.store(multipart([Buffer.from(encodePart10({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.66', SOPInstanceUID: '1.2.3.4.1', StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.4', Modality: 'MR',
  }))]))
  t.match((await service.inject({ url: uri })).headers['content-type'], /^application\/dicom;/)
  t.equal((await service.inject({ url: `${uri}&contentType=image/jpeg` })).statusCode, 406)
})

t.test('pixels that cannot be decoded are 422', async t => {
  const service = await testService(t)
  t.equal((await service.store(multipart([brokenRle()]))).statusCode, 200)
  t.equal((await service.inject({ url: uri })).statusCode, 422)
  t.equal((await service.inject({ url: `${uri}&contentType=application/dicom` })).statusCode, 422)
  t.equal((await service.inject({ url: `${uri}&contentType=application/dicom&transferSyntax=*` })).statusCode, 200)
})
