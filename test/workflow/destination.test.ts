import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { destinationsSchema } from '../../src/workflow/destination-settings.ts'
import { dicomWebDestination, dicomWebSource } from '../../src/workflow/destination.ts'
import { openArchive, temporaryFolder } from '../helpers/archive.ts'

t.test('a DICOMweb server is stored to, looked at and counted by', async t => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    request.resume()
    request.on('end', () => {
      response.setHeader('content-type', 'application/dicom+json')
      if (request.method === 'POST') {
        response.end(JSON.stringify({ '00081199': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2.3'] } }] } }))
      } else if (request.url?.includes('/instances') === true) {
        response.end(JSON.stringify(request.url.includes('offset=0') ? [{ '00080018': { vr: 'UI', Value: ['1.2.3'] } }] : []))
      } else response.end(JSON.stringify([{ '0020000E': { vr: 'UI', Value: ['1.9'] }, '00201209': { vr: 'IS', Value: [7] } }]))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`
  const path = join(temporaryFolder(t), 'a.dcm')
  writeFileSync(path, 'bytes')
  const [settings] = destinationsSchema.parse([{ id: 'pacs', url }])
  const pacs = dicomWebDestination(settings!, { url })
  const { signal } = new AbortController()
  t.match(await pacs.store([{ path, sopClassUid: '1.2', sopInstanceUid: '1.2.3', bytes: 5 }], signal), [{ verdict: 'sent', cause: 'stored' }])
  t.strictSame([...await pacs.held('1.8', '1.9', signal)], ['1.2.3'])
  const source = dicomWebSource({ url }, { archive: await openArchive(t), intake: () => { throw new Error('not asked for') } })
  t.equal(await source.count('1.8' as never, '1.9' as never, signal), 7)
  t.match(asked[0], 'POST /dicom-web/studies')
  t.ok(asked.some(line => line.startsWith('GET /dicom-web/studies/1.8/series/1.9/instances')))
})
