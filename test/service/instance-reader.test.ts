import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createInstanceReader } from '../../src/service/instance-reader.ts'
import { errorOf, instanceOfReading, readReceived } from '../../src/service/instance-reading.ts'
import { dicomFile } from './support/dicom-file.ts'

function folderOf (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  return folder
}

function fileOf (t: Test, bytes: Buffer): string {
  const path = join(folderOf(t), 'file')
  writeFileSync(path, bytes)
  return path
}

const threaded = createInstanceReader()
t.teardown(async () => { await threaded.close() })

t.test('the thread reads what reading here gives, without the pixels', async t => {
  const path = fileOf(t, dicomFile())
  const reading = await threaded.read(path)
  t.strictSame(reading, await readReceived(path))
  if ('uids' in reading) throw new Error('not read')
  const instance = instanceOfReading(reading)
  t.match(instance, { sopInstanceUid: '1.2.3.4.1', studyInstanceUid: '1.2.3', frameCount: 1, transferSyntaxUid: '1.2.840.10008.1.2.1' })
  t.equal(instance.attributes.string('SeriesDescription'), 'FLAIR')
  t.equal(instance.fileMeta?.string('MediaStorageSOPInstanceUID'), '1.2.3.4.1')
  t.match(reading.pixels, { digest: /^[\da-f]{64}$/ })
  await t.rejects(instance.pixelData.frame(1), { code: 'pixel-data-missing' })
})

t.test('what cannot be read is told with the UIDs that can', async t => {
  const file = dicomFile()
  const uids = { sopClassUid: '1.2.840.10008.5.1.4.1.1.4', sopInstanceUid: '1.2.3.4.1' }
  const cut = await threaded.read(fileOf(t, file.subarray(0, file.length - 4)))
  t.match(cut, { failure: { code: 'dicom-truncated' }, uids })
  t.match('failure' in cut ? errorOf(cut.failure) : cut, { name: 'AppError', code: 'dicom-truncated', message: 'The file ends inside PixelData' })
  t.match(await threaded.read(fileOf(t, dicomFile({ series: 'x' }))), { failure: { code: 'uid-invalid' }, uids })
  t.strictSame((await threaded.read(fileOf(t, dicomFile({ sop: 'x', sopClass: '' }))) as { uids: object }).uids, {})
  t.match(await threaded.read(fileOf(t, Buffer.from('nothing'))), { failure: { code: 'not-dicom' }, uids: {} })
  const bare = await threaded.read(fileOf(t, file.subarray(file.indexOf('ISO_IR 100') - 8)))
  t.equal('meta' in bare ? bare.meta : bare, undefined, 'a bare data set has no File Meta Information')
})

t.test('frames that cannot be found are told beside the header', async t => {
  const change = { '00280008': ['00280008', 'IS', '3'] as const, '7FE00010': undefined }
  const file = Buffer.concat([dicomFile({ transferSyntax: '1.2.840.10008.1.2.5', change }), Buffer.from(
    'e07f10004f420000ffffffff' + 'feff00e000000000' + 'feff00e00200000000ab' + 'feffdde000000000', 'hex')])
  const reading = await threaded.read(fileOf(t, file))
  t.match(reading, { instance: { frameCount: 3 }, pixels: { failure: { code: 'pixel-data-invalid' } } })
})

t.test('a file beyond the limit is not read at all', async t => {
  const path = fileOf(t, dicomFile())
  truncateSync(path, 2 ** 30 + 1)
  t.match(await threaded.read(path), { failure: { code: 'instance-too-large' }, uids: {} })
})

t.test('a file that is gone is an error that does not name it', async t => {
  await t.rejects(threaded.read(join(folderOf(t), 'Doe^Jane')), { code: 'internal', message: 'A received file cannot be read', facts: {} })
})

t.test('a file that takes too long fails alone, and so does one that is under way at the end', async t => {
  const many = Buffer.alloc(8 * 60_000)
  for (let i = 0; i < 60_000; i++) {
    many.writeUInt16LE(0x7fe1, i * 8)
    many.writeUInt16LE(0x1000 + i, i * 8 + 2)
    many.write('LO', i * 8 + 4)
  }
  const path = fileOf(t, Buffer.concat([dicomFile(), many]))
  const late = { code: 'internal', message: 'The instance was not read within 1 ms' }
  // far less than this file needs, on any machine
  const impatient = createInstanceReader({ timeoutMs: 1 })
  t.teardown(async () => { await impatient.close() })
  await t.rejects(impatient.read(path), late)
  await t.rejects(impatient.read(path), late, 'a dead thread would answer otherwise')
  const closing = createInstanceReader()
  await closing.read(path)
  const outcomes = [closing.read(path), closing.read(path)].map(async reading => await reading.then(() => undefined, (error: unknown) => error))
  await new Promise(resolve => setImmediate(resolve))
  await closing.close()
  t.match(await Promise.all(outcomes), [{ code: 'interrupted' }, { code: 'interrupted' }])
  await createInstanceReader().close()
})

t.test('other work with whole files is done in its turn, and its failure is its own', async t => {
  const path = fileOf(t, dicomFile())
  const order: string[] = []
  const done = async (name: string, work: Promise<unknown>): Promise<void> => {
    await work.catch(() => undefined)
    order.push(name)
  }
  await Promise.all([
    done('first', threaded.read(path)),
    done('failing', threaded.alone(async () => { throw new Error('no') })),
    done('alone', threaded.alone(async () => await new Promise(resolve => setTimeout(resolve, 50)))),
    done('last', threaded.read(path)),
  ])
  t.strictSame(order, ['first', 'failing', 'alone', 'last'])
  t.equal(await threaded.alone(async () => 5), 5)
})
