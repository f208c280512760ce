import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { AppError } from '../../src/errors.ts'
import { Clock, mrFile, openArchive, received, store, temporaryFolder } from '../helpers/archive.ts'

const study = uidFromName('study')
const series = uidFromName('series')
const kinds = (outcomes: readonly { kind: string }[]) => outcomes.map(({ kind }) => kind)

t.test('what is stored is found again with its bytes, under a name that tells nothing', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  const bytes = mrFile()
  t.strictSame(kinds(await store(archive, bytes)), ['stored'])
  const [found, ...others] = archive.findInstances({ study })
  t.equal(others.length, 0)
  t.match(found, { kind: 'input', seriesInstanceUid: series, frameCount: 1, rows: 4, columns: 4, instanceNumber: 1, revision: 0, bytes: bytes.length })
  t.ok(readFileSync(found!.path).equals(Buffer.from(bytes)), 'the same bytes')
  const sha = (text: string) => createHash('sha256').update(text).digest('hex')
  t.equal(found!.path, join(folder, 'spool', 'in', sha(series).slice(0, 2), sha(series), `${sha(uidFromName('series 0'))}.0.dcm`))
  t.strictSame(readdirSync(join(folder, 'tmp')), [])
})

t.test('the outcomes of storing the same SOP instance again are those of the specification', async t => {
  const archive = await openArchive(t)
  await store(archive, mrFile())
  t.strictSame(kinds(await store(archive, mrFile())), ['identical'])
  t.match(await store(archive, mrFile({}, { PatientName: { Alphabetic: 'Roe^Jane' } })), [{ kind: 'header-changed', revision: 1 }])
  t.strictSame(kinds(await store(archive, mrFile({}, {}, 77))), ['pixels-differ'])
  t.strictSame(kinds(await store(archive, mrFile({}, { PatientName: { Alphabetic: 'Roe^Jane' } }))), ['identical'], 'the correction is what is held now')
  const [found, ...others] = archive.findInstances({ study })
  t.equal(others.length, 0)
  t.equal(found?.revision, 1)
  t.match(readFileSync(found!.path, 'latin1'), 'Roe^Jane')
})

t.test('20 senders of one instance at once make one row', async t => {
  const archive = await openArchive(t)
  const outcomes = await Promise.all(Array.from({ length: 20 }, async () => await store(archive, mrFile())))
  t.equal(outcomes.flat().filter(({ kind }) => kind === 'stored').length, 1)
  t.equal(outcomes.flat().filter(({ kind }) => kind === 'identical').length, 19)
  t.equal(archive.counters().instances.input, 1)
})

t.test('copies inside one batch are judged one after the other', async t => {
  const archive = await openArchive(t)
  const outcomes = await store(archive, mrFile(), mrFile(), mrFile({}, { PatientID: 'P2' }), mrFile({}, {}, 9))
  t.strictSame(kinds(outcomes), ['stored', 'identical', 'header-changed', 'pixels-differ'])
})

t.test('an ignored instance leaves a note and no file', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  t.match(await archive.commit([await received(archive, mrFile(), 'localizer')]), [{ kind: 'ignored', why: 'localizer' }])
  t.strictSame(archive.findInstances({ study }), [])
  t.match(archive.counters(), { instances: { input: 0, ignored: 1 }, series: {} })
  t.strictSame(readdirSync(folder, { recursive: true }).filter(name => String(name).endsWith('.dcm') || String(name).endsWith('.part')), [])
})

t.test('a correction may move an instance to another study and series', async t => {
  const archive = await openArchive(t)
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const moved = mrFile({ index: 0 }, { StudyInstanceUID: uidFromName('right study'), SeriesInstanceUID: uidFromName('right series') })
  t.strictSame(kinds(await store(archive, moved)), ['header-changed'])
  t.equal(archive.findInstances({ study }).length, 1)
  t.equal(archive.findInstances({ study: uidFromName('right study') }).length, 1)
  t.match(archive.series.get(uidFromName('right series')), { state: 'OPEN', held: 1 })
})

t.test('all is there after the archive is opened again', async t => {
  const folder = temporaryFolder(t)
  const first = await SqliteArchive.open({ dataDir: folder, reserveBytes: 1 })
  await store(first, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await first.close()
  const second = await openArchive(t, new Clock(), folder)
  t.equal(second.findInstances({ series }).length, 2)
})

t.test('a second process on the same folder is refused, and let in when the first is gone', async t => {
  const folder = temporaryFolder(t)
  const first = await SqliteArchive.open({ dataDir: folder, reserveBytes: 1 })
  await t.rejects(SqliteArchive.open({ dataDir: folder, reserveBytes: 1 }), { code: 'conflict' })
  await first.close()
  await openArchive(t, new Clock(), folder)
})

t.test('below the reserve nothing is taken in, and it recovers without a restart', async t => {
  const folder = temporaryFolder(t)
  const archive = await SqliteArchive.open({ dataDir: folder, reserveBytes: 2 ** 60 })
  t.teardown(async () => { await archive.close() })
  await t.rejects(archive.stage(), { code: 'out-of-resources' })
  await t.rejects(archive.checkWritable(), { code: 'out-of-resources' })
  t.match(await archive.space(), { enough: false, reserveBytes: 2 ** 60 })
})

t.test('a folder that cannot be created is said so', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(SqliteArchive.open({ dataDir: join(folder, 'file', 'data') }), { name: 'AppError' })
})

t.test('writing is tried for the readiness check and leaves nothing', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  await archive.checkWritable()
  t.strictSame(readdirSync(join(folder, 'tmp')), [])
})

t.test('a disk that fills in the middle fails the batch, shows nothing of it, and recovers without a restart', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  await store(archive, mrFile({ index: 0 }))
  const full = new AppError('out-of-resources', 'the data folder cannot be written')
  const { spool } = archive
  const [place, flush] = [spool.place.bind(spool), spool.flushFolders.bind(spool)]
  spool.place = async (file, name) => {
    spool.place = place
    await Promise.resolve({ file, name })
    throw full
  }
  t.match(await store(archive, mrFile({ index: 1 }), mrFile({ index: 2 })), [{ kind: 'failed', error: full }, { kind: 'stored' }], 'one rename')
  spool.flushFolders = async () => { throw full }
  t.match(await store(archive, mrFile({ index: 0 }), mrFile({ index: 3 })), [{ kind: 'identical' }, { kind: 'failed', error: full }], 'the flush of all')
  spool.flushFolders = flush
  t.equal(archive.findInstances({}).length, 2)
  const files = () => readdirSync(join(folder, 'spool'), { recursive: true }).filter(name => String(name).endsWith('.dcm')).length
  t.equal(files(), 2)
  t.strictSame(readdirSync(join(folder, 'tmp')), [])
  t.strictSame(kinds(await store(archive, mrFile({ index: 1 }), mrFile({ index: 3 }))), ['stored', 'stored'])
  t.equal(files(), 4)
})

t.test('an erased study is gone for good and known to be gone', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }), mrFile({ study: 'other', series: 'other' }))
  const [found] = archive.findInstances({ study })
  t.equal(await archive.eraseStudy(study), 2)
  t.notOk(existsSync(found!.path))
  t.strictSame(archive.findInstances({ study }), [])
  for (const uid of [study, series, uidFromName('series 1')]) t.ok(archive.isGone(uid))
  t.notOk(archive.isGone(uidFromName('other')))
  t.notOk(archive.isGone(uidFromName('never here')))
  t.equal(archive.findInstances({ study: uidFromName('other') }).length, 1)
  await store(archive, mrFile({ index: 0 }))
  t.notOk(archive.isGone(series), 'what came again is not gone')
})
