import t from 'tap'
import { dicomFile } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

const form = (files: readonly Buffer[], end = '--b--\r\n'): Buffer => Buffer.concat([
  ...files.flatMap((file, i) => [
    Buffer.from(`--b\r\nContent-Disposition: form-data; name="file"; filename="../../${i}.dcm"\r\nContent-Type: application/octet-stream\r\n\r\n`),
    file,
    Buffer.from('\r\n'),
  ]),
  Buffer.from(end),
])
const headers = { 'content-type': 'multipart/form-data; boundary=b' }
const url = '/api/v1/upload'

t.test('files of a form are stored as if they came by STOW-RS', async t => {
  const service = await testService(t)
  const answer = await service.inject({ method: 'POST', url, headers, payload: form([dicomFile(), dicomFile({ sop: '1.2.3.4.2' }), Buffer.from('x')]) })
  t.equal(answer.statusCode, 202)
  t.equal(answer.json<Record<string, { Value: unknown[] }>>()['00081199']!.Value.length, 2)
  t.equal((await service.inject({ url: '/dicom-web/instances' })).json<unknown[]>().length, 2)
})

t.test('a broken form, another body and a file that is too large are refused, nothing stays', async t => {
  const service = await testService(t, { settings: { maxInstanceBytes: 2000 } })
  const post = async (payload: Buffer, more: Record<string, string> = headers) => (await service.inject({ method: 'POST', url, headers: more, payload })).statusCode
  t.equal(await post(form([dicomFile()]).subarray(0, 600)), 400)
  t.equal(await post(Buffer.from('{}'), { 'content-type': 'application/json' }), 415)
  t.equal(await post(form([Buffer.alloc(5000)])), 413)
  t.equal(await post(form([])), 400)
  t.strictSame(service.temporaryFiles(), [])
  t.strictSame(service.spoolFiles(), [])
  t.equal(await post(form([dicomFile()])), 200, 'the service goes on')
})
