import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { storeInstances } from '../../src/dicomweb/stow-client.ts'
import { freePort } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'
import { dicomFile, multipart, multipartType } from '../service/support/dicom-file.ts'
import { readAnswer } from '../service/support/exchange.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')

interface Job { readonly kind: string, readonly state: string }
const jobsOf = async (service: Service): Promise<Job[]> => (await (await fetch(`${service.url}/api/v1/jobs`)).json() as { jobs: Job[] }).jobs

// service.md R8

t.test('told to stop in the middle of an upload and of an analysis, the service answers the upload, ends with 0 and loses nothing', { timeout: 240_000 }, async t => {
  const service = new Service(await freePort(), { TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model') })
  t.teardown(async () => await service.remove())
  await service.start()
  const files = await Promise.all(readdirSync(join(fixtures, 'flair')).map(async name => {
    const path = join(fixtures, 'flair', name)
    const { sopClassUid, sopInstanceUid } = await readInstanceFile(path)
    return { path, sopClassUid, sopInstanceUid, bytes: readFileSync(path).length }
  }))
  t.ok((await storeInstances({ url: service.dicomWeb }, files)).every(({ verdict }) => verdict === 'sent'))
  await until(async () => (await jobsOf(service)).some(({ state }) => state === 'RUNNING' || state === 'DONE'), 60, 'an analysis that has begun')

  const body = multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' })])
  const socket = connect(service.port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.write(`POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nAccept: application/dicom+json\r\nContent-Type: ${multipartType}\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.write(body.subarray(0, 900))
  // until the first bytes are in its hands
  await until(async () => readdirSync(join(service.folder, 'tmp')).length > 0, 20, 'an upload under way')
  const ended = service.end('SIGTERM')
  await until(async () => service.log.includes('"msg":"stopping"'), 20, 'the beginning of the end')
  socket.write(body.subarray(900))
  await once(socket, 'close')
  const answer = readAnswer(Buffer.concat(received).toString('latin1'))
  t.equal(answer.status, 200)
  t.match(answer.body, /1\.2\.3\.4\.1[^]*1\.2\.3\.4\.2/)
  t.equal(await ended, 0)
  t.notMatch(service.log, /stopping took too long/)

  await service.start()
  const held = await (await fetch(`${service.dicomWeb}/studies/1.2.3/instances`)).json() as unknown[]
  t.equal(held.length, 2, 'what was answered is there')
  await until(async () => {
    const jobs = await jobsOf(service)
    return jobs.filter(({ kind, state }) => kind === 'report' && state === 'DONE').length >= 1
  }, 120, 'the report of the study that was being analysed')
  t.equal(await service.end('SIGTERM'), 0)
})
