import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Clock, mrFile, openArchive, store, temporaryFolder } from '../helpers/archive.ts'

t.test('a file without a row goes after an hour, a superseded revision too', async t => {
  const clock = new Clock()
  clock.at = Date.now()
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, clock, folder)
  await store(archive, mrFile())
  const old = archive.findInstances({})[0]!.path
  await store(archive, mrFile({}, { PatientID: 'P2' }))
  const orphan = join(folder, 'spool', 'out', 'ab', 'orphan.dcm')
  const findings = join(folder, 'findings', '7-1.findings')
  mkdirSync(dirname(orphan), { recursive: true })
  writeFileSync(orphan, 'left by a crash')
  writeFileSync(findings, 'left by a crash')
  t.match(await archive.sweep(), { orphans: 0, lost: 0 }, 'young files may belong to a request that is under way')
  clock.pass(3_700_000)
  utimesSync(findings, new Date(clock.at - 3_700_000), new Date(clock.at - 3_700_000))
  t.match(await archive.sweep(), { orphans: 3, lost: 0 })
  for (const path of [old, orphan, findings]) t.notOk(existsSync(path))
  t.ok(existsSync(archive.findInstances({})[0]!.path))
})

t.test('a row without a file is forgotten, so that the instance can come again, and its series is open again', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const series = archive.series.get(uidFromName('series'))!
  archive.series.close(series, { state: 'COMPLETE', why: 'quiet', now: clock.at })
  rmSync(archive.findInstances({})[0]!.path)
  t.match(await archive.sweep(), { lost: 1 })
  t.match(archive.series.get(uidFromName('series')), { state: 'OPEN', held: 1, revision: 1, why: 'a file was lost' })
  t.match(await store(archive, mrFile({ index: 0 })), [{ kind: 'stored' }])
})
