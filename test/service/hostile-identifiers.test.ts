import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { failuresOf, filesBelow, storedCount } from './support/hostile.ts'
import { openapi } from './support/openapi.ts'
import { readMultipart } from './support/read-multipart.ts'
import { type TestService, testService } from './support/test-service.ts'

const hostile = ['../../etc/passwd', '..\\..\\etc\\passwd', '/etc/passwd', '1.2/3', '1.2/../../x', '..', '%2e%2e', '1.2%2f3', '1.2\0', '1.2\0/../x',
  '1'.repeat(65), '1.02', '1..2', '.1', '1.', '-1.2', '1.2;rm', '1.2 3', 'x']

/** A service whose whole surroundings can be listed: its folder lies in one of its own. */
async function inSandbox (t: Test): Promise<{ service: TestService, outside: () => string[], inside: () => string[] }> {
  const sandbox = mkdtempSync(join(tmpdir(), 'tuberlens-sandbox-'))
  t.teardown(() => { rmSync(sandbox, { recursive: true, force: true }) })
  const before = process.env['TMPDIR']
  // deep enough for two steps up
  process.env['TMPDIR'] = join(sandbox, 'a', 'b')
  mkdirSync(process.env['TMPDIR'], { recursive: true })
  const service = await testService(t)
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  return {
    service,
    outside: () => filesBelow(sandbox).map(name => join(sandbox, name)).filter(path => !path.startsWith(`${service.folder}/`)),
    inside: () => filesBelow(service.folder),
  }
}

/** Names that the service gives: its database, and hashes. */
const ours = /^(spool\/in\/[\da-f]{2}\/[\da-f]{64}\/[\da-f]{64}\.\d+\.dcm|[\w-]+(\.[\w-]+)*)$/

t.test('D6: a UID of a data set that is no UID is refused with A900, and names no file', async t => {
  const { service, outside, inside } = await inSandbox(t)
  const before = inside()
  for (const uid of hostile) {
    // trailing NUL and blank are padding of UI (PS3.5 6.2)
    if (/^1\.2\0?$/.test(uid)) continue
    const files = [dicomFile({ study: uid }), dicomFile({ series: uid }), dicomFile({ sop: uid }), dicomFile({ sopClass: uid }), dicomFile({ transferSyntax: uid })]
    const answer = await service.store(multipart(files))
    t.equal(storedCount(answer), 0, JSON.stringify(uid))
    const reasons = failuresOf(answer).map(({ reason }) => reason)
    t.strictSame(reasons, ['A900', 'A900', 'A900', 'A900', 'A900'], JSON.stringify(uid))
    t.notMatch(answer.body, 'passwd', 'nothing of it is repeated')
  }
  t.strictSame(inside().filter(name => !before.includes(name) && !ours.test(name)), [])
  t.strictSame(service.spoolFiles(), [])
  t.strictSame(service.temporaryFiles(), [])
  t.strictSame(outside(), [])
})

t.test('D6: a UID of a URL that is no UID is refused with 400, on every route that has one', async t => {
  const { service, outside, inside } = await inSandbox(t)
  await service.store(multipart([dicomFile()]))
  const before = inside()
  const routes = Object.entries(openapi.paths).flatMap(([path, item]) => ['get', 'delete', 'post'].filter(method => method in item).map(method => ({ path, method })))
    .filter(({ path, method }) => /\{(study|series|instance)\}/.test(path) && (method !== 'post' || path === '/dicom-web/studies/{study}'))
  t.ok(routes.length > 20)
  for (const { path, method } of routes) {
    for (const [target] of path.matchAll(/\{(?:study|series|instance)\}/g)) {
      // a client resolves dot segments itself; raw ones follow below
      for (const uid of hostile.filter(uid => uid !== '..')) {
        const url = path.replace(target, encodeURIComponent(uid)).replace(/\{frames\}/, '1').replace(/\{path\}/, '7FE00010').replaceAll(/\{\w+\}/g, '1.2.3')
        const headers = method === 'post' ? { 'content-type': 'application/dicom' } : {}
        const { statusCode, body } = await service.app.inject({ method: method as 'GET', url, headers, ...(method === 'post' ? { payload: dicomFile() } : {}) })
        if (statusCode !== 400) t.equal(statusCode, 400, `${method} ${path} with ${JSON.stringify(uid)} for ${target}`)
        if (body.includes('passwd')) t.notMatch(body, 'passwd', path)
      }
    }
  }
  for (const query of ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID']) {
    t.equal((await service.inject({ url: `/dicom-web/instances?${query}=..%2F..%2Fetc%2Fpasswd` })).statusCode, 400, query)
  }
  t.equal((await service.inject({ url: '/wado?requestType=WADO&studyUID=..%2F..&seriesUID=1.2&objectUID=1.2' })).statusCode, 400)
  t.strictSame(inside(), before)
  t.strictSame(outside(), [])
})

t.test('D6: dot segments, encoded twice or not at all, reach nothing on a raw connection', async t => {
  const { service, outside, inside } = await inSandbox(t)
  const port = await listen(service)
  const before = inside()
  for (const path of ['/dicom-web/studies/%2e%2e', '/dicom-web/studies/%252e%252e', '/dicom-web/studies/../../etc/passwd', '/dicom-web/studies/1.2/../..',
    '/dicom-web/studies/%00', '/dicom-web/studies/1.2%00', '/../../etc/passwd', '/dicom-web/studies/1.2/series/..%2f..%2fx', '/dicom-web/studies/1.02']) {
    const answer = readAnswer(await exchange(port, [`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`]))
    t.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`)
    t.notMatch(answer.body, /passwd|root:/)
  }
  t.strictSame(inside(), before)
  t.strictSame(outside(), [])
})

t.test('D6: file names in a multipart message and in a form name no file', async t => {
  const { service, outside, inside } = await inSandbox(t)
  const names = ['../../../evil.dcm', '/tmp/evil.dcm', '..\\..\\evil.dcm', 'evil\0.dcm', 'C:\\evil.dcm']
  for (const [i, name] of names.entries()) {
    const headers = `Content-Type: application/dicom\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Location: ../../${name}\r\n` +
      `Content-ID: <../../${name}>\r\n`
    t.equal((await service.store(multipart([dicomFile({ sop: `1.2.3.4.${i + 1}` })], { headers }))).statusCode, 200, JSON.stringify(name))
    const form = Buffer.concat([
      Buffer.from(`--b\r\nContent-Disposition: form-data; name="../../${name}"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`),
      dicomFile({ sop: `1.2.3.4.${i + 100}` }), Buffer.from('\r\n--b--\r\n'),
    ])
    const answer = await service.inject({ method: 'POST', url: '/api/v1/upload', headers: { 'content-type': 'multipart/form-data; boundary=b' }, payload: form })
    t.equal(answer.statusCode, 200, `form: ${JSON.stringify(name)} ${answer.body}`)
  }
  t.equal(service.spoolFiles().length, 2 * names.length)
  t.strictSame(inside().filter(name => !ours.test(name)), [], 'hashes, and our own')
  t.strictSame(inside().filter(name => /evil|1\.2\.3\.4/.test(name)), [])
  t.strictSame(outside(), [])
})

t.test('D7: a program or a page in the preamble does not survive, and what is given back is no page', async t => {
  const url = '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'
  const preambles = [Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'), Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.from('<html><script>alert(1)</script>'), Buffer.from('#!/bin/sh\n'),
    Buffer.from('II*\0\x08\0\0\0', 'latin1')]
  for (const start of preambles) {
    const service = await testService(t)
    const preamble = Buffer.alloc(128)
    start.copy(preamble)
    const file = dicomFile({ preamble })
    t.equal((await service.store(multipart([file]))).statusCode, 200)
    const [name] = service.spoolFiles()
    const kept = readFileSync(join(service.folder, 'spool', name!))
    t.ok(kept.subarray(0, 128).equals(Buffer.alloc(128)), 'zeros on the disk')
    t.ok(kept.subarray(128).equals(file.subarray(128)), 'and nothing else is changed')
    const single = await service.inject({ url: `${url}?accept=application/dicom;transfer-syntax=*` })
    t.match(single.headers, { 'content-type': /^application\/dicom/, 'content-disposition': /^attachment/ })
    t.ok(single.rawPayload.equals(kept))
    const several = await service.inject({ url: '/dicom-web/studies/1.2.3' })
    const [part] = readMultipart(several.rawPayload, several.headers['content-type'])
    t.ok(part!.content.subarray(0, 128).equals(Buffer.alloc(128)))
    for (const answer of [single, several]) t.equal(answer.headers['x-content-type-options'], 'nosniff')
  }
})

t.test('D7: every form of an instance is sent with nosniff and a policy that lets nothing run', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const url = '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'
  for (const form of ['', '/metadata', '/frames/1', '/bulkdata/7FE00010', '/rendered', '/thumbnail']) {
    const answer = await service.inject({ url: url + form })
    t.equal(answer.statusCode, 200, form)
    t.equal(answer.headers['x-content-type-options'], 'nosniff', form)
    t.match(answer.headers['content-security-policy'], /default-src 'none'/, form)
  }
})

t.test('D8: markup in every text of a report is text on its page, which may run nothing', async t => {
  const evil = '<script>alert(1)</script><img src=x onerror=alert(2)>"\''
  const concept = (meaning: string) => [{ CodeValue: '1', CodingSchemeDesignator: '99T', CodeMeaning: meaning }]
  const service = await testService(t)
  const { statusCode } = await service.store(multipart([Buffer.from(encodePart10({
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.33',
    SOPInstanceUID: '1.2.3.4.1',
    StudyInstanceUID: '1.2.3',
    SeriesInstanceUID: '1.2.3.4',
    Modality: 'MR', // the test's rule keeps MR alone
    PatientName: { Alphabetic: '<script>alert(3)</script>' },
    PatientID: evil.slice(0, 60),
    SeriesDescription: evil.slice(0, 60),
    Manufacturer: evil.slice(0, 60),
    ValueType: 'CONTAINER',
    ContinuityOfContent: 'SEPARATE',
    ConceptNameCodeSequence: concept(evil.slice(0, 60)),
    ContentSequence: [
      { RelationshipType: 'CONTAINS', ValueType: 'TEXT', ConceptNameCodeSequence: concept(evil.slice(0, 60)), TextValue: evil },
      { RelationshipType: 'CONTAINS', ValueType: 'CODE', ConceptNameCodeSequence: concept('a'), ConceptCodeSequence: concept(evil.slice(0, 60)) },
      { RelationshipType: 'CONTAINS', ValueType: 'PNAME', ConceptNameCodeSequence: concept('b'), PersonName: { Alphabetic: '<script>alert(4)</script>' } },
    ],
  }))]))
  t.equal(statusCode, 200)
  const page = await service.inject({ url: '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/rendered' })
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  t.match(page.headers['content-security-policy'], /^default-src 'none';/)
  t.notMatch(page.headers['content-security-policy'], 'unsafe')
  t.equal(page.headers['x-content-type-options'], 'nosniff')
  t.notMatch(page.body, /<script|<img/i)
  t.match(page.body, '&#60;script&#62;alert(1)')
})
