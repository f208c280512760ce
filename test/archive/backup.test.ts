import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import t from 'tap'
import { Database } from '../../src/archive/database.ts'
import { migrations } from '../../src/archive/migrations.ts'
import { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Clock, mrFile, openArchive, store, temporaryFolder } from '../helpers/archive.ts'
import { answers, Control, FakePacs, live, testWorkflow } from '../helpers/workflow.ts'

t.test('a copy of the data folder of one instant goes on where it was', async t => {
  const clock = new Clock()
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, clock, folder)
  const control = new Control(t)
  const down = new FakePacs()
  down.answer = () => ({ outcome: answers.unreachable, keep: false })
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [down] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await live(workflow, clock, 70)
  const before = archive.findInstances({ study: uidFromName('study') })
  t.equal(before.length, 5, '2 inputs, 2 heatmaps and a report')
  // nothing is written between two ticks: this is what a snapshot of the file system sees
  const copy = join(temporaryFolder(t), 'copy')
  cpSync(folder, copy, { recursive: true })

  const restored = await SqliteArchive.open({ dataDir: copy, reserveBytes: 1, now: clock.now })
  t.teardown(async () => { await restored.close() })
  const digests = (held: SqliteArchive): unknown => held.findInstances({}).map(({ sopInstanceUid, digest }) => [sopInstanceUid, digest])
  t.strictSame(digests(restored), digests(archive))
  const up = new FakePacs()
  const again = testWorkflow(t, restored, clock, control, { destinations: [up] }).workflow
  await again.start()
  await live(again, clock, 700, 10)
  t.equal(up.sops.size, 3, 'what waited for the PACS is delivered from the copy')
  t.match(again.jobs()[0], { kind: 'report', state: 'DONE' })
})

t.test('a data base of the first version is brought up to date with its rows', async t => {
  const path = join(temporaryFolder(t), 'old.sqlite')
  const old = new DatabaseSync(path)
  old.exec(`CREATE TABLE schema_version (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT; ${migrations[0]!}
    INSERT INTO schema_version VALUES (1, 0);
    INSERT INTO studies (study, first_at, last_at, header) VALUES ('1.2', 1, 2, '{}');
    INSERT INTO jobs (kind, subject, study, revision, state, created_at, updated_at, run_at) VALUES ('report', '1.2', '1.2', 1, 'DONE', 3, 4, 5);`)
  old.close()
  const database = new Database(path)
  t.teardown(() => { database.close() })
  t.equal(database.get('SELECT COUNT(*) AS n FROM schema_version')!.number('n'), migrations.length)
  t.equal(database.get('SELECT state FROM jobs')!.text('state'), 'DONE')
  t.equal(database.get('SELECT COUNT(*) AS n FROM workitems')!.number('n'), 0)
  t.match(database.get('SELECT id FROM archive_identity')!.text('id'), /^[0-9a-f]{16}$/)
})
