import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { openapi } from './support/openapi.ts'
import { testService, type TestService } from './support/test-service.ts'

const study = '/dicom-web/studies/1.2.3'
const instance = `${study}/series/1.2.3.4/instances/1.2.3.4.1`
const uids: Readonly<Record<string, string>> = { study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.1', frames: '1', path: '7FE00010' }
const wado = '?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.4&objectUID=1.2.3.4.1'

/** Every address of a stored instance that openapi.yaml has a GET for. */
const addresses = Object.entries(openapi.paths)
  .filter(([path, item]) => 'get' in item && /^\/(dicom-web\/(studies|series|instances|wado)|wado)/.test(path))
  .map(([path]) => path.replace(/\{(\w+)\}/g, (_all, name: string) => uids[name]!) + (path.endsWith('/wado') ? wado : ''))
const retrievals = addresses.filter(url => !/\/(studies|series|instances)$/.test(url))

async function withTwo (t: Parameters<typeof testService>[0]): Promise<TestService> {
  const service = await testService(t)
  await service.store(multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2', change: { '00200013': ['00200013', 'IS', '2'] } })]))
  return service
}

t.test('HEAD answers as GET does, without a body', async t => {
  const service = await withTwo(t)
  t.ok(addresses.length > 20)
  const known = (headers: Readonly<Record<string, unknown>>) => ['content-type', 'etag', 'accept-ranges', 'content-disposition', 'warning']
    .map(name => String(headers[name]).replace(/boundary=\w+/, 'boundary'))
  for (const url of addresses) {
    const got = await service.inject({ url })
    const head = await service.app.inject({ method: 'HEAD', url })
    t.equal(got.statusCode, 200, url)
    t.equal(head.statusCode, 200, url)
    t.strictSame(known(head.headers), known(got.headers), url)
    t.equal(head.rawPayload.length, 0)
  }
  t.equal((await service.app.inject({ method: 'HEAD', url: '/dicom-web/studies/1.9' })).statusCode, 404)
})

t.test('what was removed is gone at every address', async t => {
  const service = await withTwo(t)
  await service.archive.eraseStudy('1.2.3' as never)
  t.ok(retrievals.length > 15)
  for (const url of retrievals) t.equal((await service.inject({ url })).statusCode, 410, url)
  for (const url of retrievals) t.equal((await service.inject({ url: url.replace(/1\.2\.3(?=[/&]|$)/, '1.2.9').replaceAll('1.2.3.4', '1.2.9.4') })).statusCode, 404, url)
})

t.test('only bulk data is given in ranges', async t => {
  const service = await withTwo(t)
  for (const url of addresses) {
    const answer = await service.inject({ url, headers: { range: 'bytes=0-3' } })
    t.equal(answer.statusCode, url.includes('/bulkdata/') ? 206 : 200, url)
  }
})

t.test('Accept is read as PS3.18 8.7 says and clients write it', async t => {
  const service = await withTwo(t)
  const dicom = /^application\/dicom; transfer-syntax=1\.2\.840\.10008\.1\.2\.1$/
  const parts = (type: string) => new RegExp(`^multipart/related; type="${type.replaceAll('+', '\\+')}"; boundary=`)
  const native = /^application\/octet-stream; transfer-syntax=1\.2\.840\.10008\.1\.2\.1$/
  const table: readonly (readonly [what: string, url: string, accept: string | undefined, expected: RegExp | number, parameter?: string])[] = [
    ['nothing is the default', instance, undefined, parts('application/dicom')],
    ['so is everything', instance, '*/*', parts('application/dicom')],
    ['and everything of metadata', `${instance}/metadata`, '*/*', /^application\/dicom\+json/],
    ['a list, unknown entries left out', instance, 'application/x-unknown, application/dicom', dicom],
    ['nonsense left out', instance, ';;, nonsense, application/dicom', dicom],
    ['weights decide', instance, 'multipart/related; type="application/dicom";q=0.2, application/dicom;q=0.9', dicom],
    ['a weight of 0 excludes', instance, 'application/dicom;q=0', 406],
    ['no quotes', instance, 'multipart/related; type=application/dicom', parts('application/dicom')],
    ['other order and case', instance, 'Multipart/Related;Transfer-Syntax=*;TYPE="application/dicom"', parts('application/dicom')],
    ['the parameter wins', instance, 'multipart/related; type="application/dicom"', dicom, 'application/dicom'],
    ['the parameter wins where it cannot be met', instance, 'application/dicom', 406, 'application/x-unknown,image/gif;q=0'],
    ['OHIF asks for frames', `${instance}/frames/1`, 'application/dicom+json, multipart/related; type=application/octet-stream', parts('application/octet-stream')],
    ['one frame alone', `${instance}/frames/1`, 'application/octet-stream', native],
    ['transfer syntax: any', instance, 'application/dicom; transfer-syntax=*', dicom],
    ['transfer syntax: explicit little endian', instance, 'application/dicom; transfer-syntax="1.2.840.10008.1.2.1"', dicom],
    ['transfer syntax: never implicit', instance, 'application/dicom; transfer-syntax=1.2.840.10008.1.2', 406],
    ['transfer syntax: never big endian', instance, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.2', 406],
    ['transfer syntax: not as stored', instance, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80', 406],
    ['transfer syntax: the next one', instance, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80, application/dicom;q=0.1', dicom],
    ['bulk data of an instance as a whole is not there', instance, 'multipart/related; type="application/octet-stream"', 406],
    ['a study is no single part', study, 'application/dicom', 406],
    ['DICOM and rendered types do not mix', instance, 'application/dicom, image/jpeg', 400],
    ['nor where rendered ones are meant', `${instance}/rendered`, 'application/dicom, image/jpeg', 400],
    ['nor in the parameter', instance, undefined, 400, 'application/dicom,image/png'],
    ['a browser', `${instance}/rendered`, 'text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8', /^image\/jpeg$/],
    ['rendered: png', `${instance}/rendered`, 'image/png, image/jpeg;q=0.5', /^image\/png$/],
    ['rendered: no gif', `${instance}/rendered`, 'image/gif', 406],
    ['metadata as XML', `${instance}/metadata`, 'multipart/related; type=application/dicom+xml', parts('application/dicom+xml')],
    ['XML needs parts', `${instance}/metadata`, 'application/dicom+xml', 406],
    ['axios', `${instance}/metadata`, 'application/json, text/plain, */*', /^application\/json/],
    ['search', '/dicom-web/studies', 'application/x-unknown, application/dicom+json;q=0.3', /^application\/dicom\+json/],
    ['thumbnail', `${study}/thumbnail`, 'image/*', /^image\/jpeg$/],
  ]
  for (const [what, url, accept, expected, parameter] of table) {
    const answer = await service.inject({
      url: parameter === undefined ? url : `${url}?accept=${encodeURIComponent(parameter)}`, headers: accept === undefined ? {} : { accept },
    })
    if (typeof expected === 'number') t.equal(answer.statusCode, expected, what)
    else t.match(answer.headers['content-type'], expected, what)
  }
})

t.test('an answer that breaks off ends the connection, and nothing looks like its end', async t => {
  const service = await withTwo(t)
  const [, second] = service.archive.findInstances({ study: '1.2.3' as never })
  const port = await listen(service)
  const get = async (url: string, accept = '*/*') =>
    readAnswer(await exchange(port, [`GET ${url} HTTP/1.1\r\nHost: h\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`]))
  const cases = [[study, /boundary=(\w+)/], [`${study}/metadata`, /(json)/], [`${study}/rendered`, /boundary=(\w+)/]] as const
  for (const [url] of cases) t.match((await get(url)).body, /\r\n0\r\n\r\n$/, 'whole, it has a last chunk')
  unlinkSync(join(second!.path))
  for (const [url, form] of cases) {
    const { status, headers, body } = await get(url)
    t.equal(status, 200, url)
    t.ok(body.length > 100, 'it had begun')
    const boundary = form.exec(headers)![1]!
    t.notMatch(body, `--${boundary}--`, 'no close delimiter')
    t.notMatch(body, /\r\n0\r\n\r\n$/, 'no last chunk')
  }
  t.equal((await service.inject({ url: '/livez' })).statusCode, 200, 'the service goes on')
})
