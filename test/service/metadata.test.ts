import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { readMultipart } from './support/read-multipart.ts'
import { testService } from './support/test-service.ts'

type Dataset = Record<string, { vr: string, Value?: unknown[], BulkDataURI?: string, InlineBinary?: string }>
const instance = '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'

t.test('metadata of each level is DICOM JSON, pixel data a BulkDataURI that can be fetched', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' })]))
  for (const [url, count] of [[`${instance}/metadata`, 1], ['/dicom-web/studies/1.2.3/metadata', 2], ['/dicom-web/studies/1.2.3/series/1.2.3.4/metadata', 2]] as const) {
    const answer = await service.inject({ url })
    t.match(answer.headers['content-type'], /^application\/dicom\+json/)
    const datasets = answer.json<Dataset[]>()
    t.equal(datasets.length, count)
    t.strictSame(datasets[0]!['00100010'], { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] })
    t.strictSame(datasets[0]!['00180080'], { vr: 'DS', Value: [9000] })
    t.equal(datasets[0]!['7FE00010']!.BulkDataURI, `http://localhost:80${instance}/bulkdata/7FE00010`)
  }
  const bulk = await service.inject({ url: `${instance}/bulkdata/7FE00010` })
  t.equal(bulk.headers['content-type'], 'application/octet-stream')
  t.strictSame([...new Uint16Array(new Uint8Array(bulk.rawPayload).buffer)], Array.from({ length: 16 }, (_, i) => i * 100))
})

t.test('an unchanged study is 304 to its ETag, a changed one is not', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const url = `${instance}/metadata`
  const { headers: { etag } } = await service.inject({ url })
  t.match(etag, /^"[0-9a-f]{32}"$/)
  t.equal((await service.inject({ url, headers: { 'if-none-match': `"x", W/${String(etag)}` } })).statusCode, 304)
  t.equal((await service.inject({ url, headers: { 'if-none-match': '"x"' } })).statusCode, 200)
  await service.store(multipart([dicomFile({ patientName: 'Roe^Jane' })]))
  t.equal((await service.inject({ url, headers: { 'if-none-match': String(etag) } })).statusCode, 200)
})

t.test('metadata as XML is a part per instance', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const answer = await service.inject({ url: `${instance}/metadata`, headers: { accept: 'multipart/related; type="application/dicom+xml"' } })
  const [part] = readMultipart(answer.rawPayload, answer.headers['content-type'])
  t.match(part!.headers, 'application/dicom+xml')
  t.match(part!.content.toString(), '<PersonName number="1"><Alphabetic><FamilyName>Doe</FamilyName><GivenName>Jane</GivenName></Alphabetic></PersonName>')
  t.equal((await service.inject({ url: `${instance}/metadata`, headers: { accept: 'image/png' } })).statusCode, 406)
  t.equal((await service.inject({ url: '/dicom-web/studies/1.2.3/series/9/metadata' })).statusCode, 404)
})

t.test('bulk data comes whole or in the range that is asked for', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const url = `${instance}/bulkdata/7FE00010`
  const get = (range: string) => service.inject({ url, headers: { range } })
  const whole = await service.inject({ url })
  t.equal(whole.headers['accept-ranges'], 'bytes')
  t.equal(whole.rawPayload.length, 32)
  for (const [range, first, last] of [['bytes=0-3', 0, 3], ['bytes=30-', 30, 31], ['bytes=-4', 28, 31], ['bytes=0-1000', 0, 31]] as const) {
    const part = await get(range)
    t.equal(part.statusCode, 206, range)
    t.equal(part.headers['content-range'], `bytes ${first}-${last}/32`)
    t.ok(part.rawPayload.equals(whole.rawPayload.subarray(first, last + 1)), range)
  }
  const beyond = await get('bytes=32-')
  t.equal(beyond.statusCode, 416)
  t.equal(beyond.headers['content-range'], 'bytes */32')
  for (const range of ['lines=1-2', 'bytes=5-2', 'bytes=-', 'bytes=0-1,3-4']) t.equal((await get(range)).statusCode, 200, range)
  for (const path of ['00100099', 'x', '00081140/0/00081155', '7FE00010/0']) {
    t.equal((await service.inject({ url: `${instance}/bulkdata/${path}` })).statusCode, 404, path)
  }
})

t.test('frames come native, alone or in parts, in the order of the list', async t => {
  const folder = dataPath(t, 'mr-dicom/enhanced-mr-small')
  if (folder === undefined) return
  const service = await testService(t)
  const file = readFileSync(join(folder, 'emri_small_jpeg_ls_lossless.dcm'))
  const plain = await testService(t)
  const urls: string[] = []
  for (const [target, bytes] of [[service, file], [plain, readFileSync(join(folder, 'emri_small.dcm'))]] as const) {
    const answer = await target.store(multipart([bytes]))
    t.equal(answer.statusCode, 200)
    urls.push(answer.json<Record<string, { Value: Record<string, { Value: string[] }>[] }>>()['00081199']!.Value[0]!['00081190']!.Value[0]!)
  }
  const [url = '', plainUrl = ''] = urls
  const reference = (await plain.inject({ url: `${plainUrl}/bulkdata/7FE00010` })).rawPayload
  const size = 64 * 64 * 2
  const two = await service.inject({ url: `${url}/frames/3,1`, headers: { accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*' } })
  const parts = readMultipart(two.rawPayload, two.headers['content-type'])
  t.ok(parts[0]!.content.equals(reference.subarray(2 * size, 3 * size)))
  t.ok(parts[1]!.content.equals(reference.subarray(0, size)))
  const one = await service.inject({ url: `${url}/frames/2`, headers: { accept: 'application/octet-stream' } })
  t.equal(one.headers['content-type'], 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1')
  t.ok(one.rawPayload.equals(reference.subarray(size, 2 * size)))
  const encoded = await service.inject({ url: `${url}/frames/1`, headers: { accept: 'image/jls' } })
  t.equal(encoded.headers['content-type'], 'image/jls; transfer-syntax=1.2.840.10008.1.2.4.80')
  t.ok(file.includes(encoded.rawPayload.subarray(0, 500)), 'the codestream as it is stored')
  const ohif = await service.inject({ url: `${url}/frames/1`, headers: { accept: 'application/dicom+json, multipart/related; type=application/octet-stream' } })
  t.equal(ohif.statusCode, 200)
  for (const [frames, status] of [['0', 400], ['1,', 400], ['a', 400], ['-1', 400], ['1.5', 400], ['11', 404]] as const) {
    t.equal((await service.inject({ url: `${url}/frames/${frames}` })).statusCode, status, frames)
  }
  t.equal((await service.inject({ url: `${url}/frames/1`, headers: { accept: 'image/jp2' } })).statusCode, 406)
  t.equal((await service.inject({ url: `${url}/frames/1,2`, headers: { accept: 'application/octet-stream' } })).statusCode, 406, 'two frames need parts')
})
