import { readFileSync } from 'node:fs'
import t from 'tap'
import { diskError } from '../../src/archive/spool.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { storedIn, warningsIn } from './support/store-answer.ts'
import { type TestService, testService } from './support/test-service.ts'

const settings = { issuerOfPatientId: 'General Hospital' }
const good = dicomFile()

function held ({ archive }: TestService) {
  const [instance, ...others] = archive.findInstances({})
  if (instance === undefined || others.length > 0) throw new Error(`${others.length} instances`)
  return { ...instance, file: readFileSync(instance.path) }
}

t.test('without the setting not a byte of an instance changes', async t => {
  const service = await testService(t)
  t.strictSame(warningsIn(await service.store(multipart([good]))), [undefined])
  t.ok(held(service).file.equals(good))
})

t.test('a missing issuer is set, noted in the instance, and told with warning B000', async t => {
  const service = await testService(t, { settings })
  const answer = await service.store(multipart([good]))
  t.equal(answer.statusCode, 202)
  t.strictSame(storedIn(answer), ['1.2.3.4.1'])
  t.strictSame(warningsIn(answer), [0xb000])
  t.notHas(answer.headers, 'warning', 'which names failures')
  const { attributes, fileMeta, frameCount, pixelData } = readInstance(held(service).file)
  t.equal(attributes.string('IssuerOfPatientID'), 'General Hospital')
  const [item, ...others] = attributes.items('OriginalAttributesSequence')
  t.equal(others.length, 0)
  t.equal(item?.string('ReasonForTheAttributeModification'), 'COERCE')
  t.match(item?.string('AttributeModificationDateTime'), /^20\d{12}\.\d{3}\+0000$/)
  t.equal(item?.string('ModifyingSystem'), 'tuberlens')
  t.ok(item?.has('SourceOfPreviousValues'), 'Type 2')
  const [previous] = item?.items('ModifiedAttributesSequence') ?? []
  t.ok(previous?.has('IssuerOfPatientID'))
  t.equal(previous?.string('IssuerOfPatientID'), undefined, 'there was none: a zero length')
  t.equal(fileMeta?.string('MediaStorageSOPInstanceUID'), '1.2.3.4.1')
  t.equal(frameCount, 1)
  t.same(await pixelData.frame(1), await readInstance(good).pixelData.frame(1))
  t.equal(attributes.string('PatientName'), 'Doe^Jane')
  t.strictSame(service.temporaryFiles(), [])
})

t.test('the same instance again is the same, as it came and as it left', async t => {
  const service = await testService(t, { settings })
  await service.store(multipart([good]))
  const first = held(service)
  const again = await service.store(multipart([good]))
  t.strictSame(warningsIn(again), [0xb000])
  const returned = await service.store(multipart([first.file]))
  t.equal(returned.statusCode, 200, 'it has an issuer now')
  t.strictSame(warningsIn(returned), [undefined])
  t.match(held(service), { revision: 0, digest: first.digest })
  t.strictSame([service.temporaryFiles(), service.spoolFiles().length], [[], 1])
  const pixels = await service.store(multipart([dicomFile({ pixels: Buffer.alloc(32, 7) })]))
  t.equal(pixels.statusCode, 409)
  await service.store(multipart([dicomFile({ patientName: 'Roe^Jane' })]))
  t.match(held(service), { revision: 1 })
})

t.test('an issuer that is there, an instance without a PatientID and one that is not kept are left as they are', async t => {
  const service = await testService(t, { settings })
  const files = [
    dicomFile({ sop: '1.2.3.4.2', change: { '00100021': ['00100021', 'LO', 'Elsewhere'] } }),
    dicomFile({ sop: '1.2.3.4.3', change: { '00100020': undefined } }),
    dicomFile({ sop: '1.2.3.4.4', change: { '00080060': ['00080060', 'CS', 'CT'] } }),
  ]
  const answer = await service.store(multipart(files))
  t.equal(answer.statusCode, 200)
  t.strictSame(warningsIn(answer), [undefined, undefined, undefined])
  for (const [i, sop] of ['1.2.3.4.2', '1.2.3.4.3'].entries()) {
    t.ok(readFileSync(service.archive.findInstances({ sop: sop as never })[0]!.path).equals(files[i]!))
  }
})

t.test('a disk that fills while the new file is written is A700, and nothing is left', async t => {
  const service = await testService(t, { settings })
  const stage = service.archive.stage.bind(service.archive)
  let staged = 0
  service.archive.stage = async options => {
    const file = await stage(options)
    return ++staged === 1 ? file : { ...file, seal: async () => await Promise.reject(diskError(Object.assign(new Error('full'), { code: 'ENOSPC' }))) }
  }
  const answer = await service.store(multipart([good]))
  t.equal(answer.statusCode, 503)
  t.strictSame([service.temporaryFiles(), service.spoolFiles()], [[], []])
})
