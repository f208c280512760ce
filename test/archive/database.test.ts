import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Database, lockFolder, Row } from '../../src/archive/database.ts'
import { migrations } from '../../src/archive/migrations.ts'
import { temporaryFolder } from '../helpers/archive.ts'

t.test('a new file gets the whole schema, an old one what is missing', async t => {
  const path = join(temporaryFolder(t), 'a.sqlite')
  new Database(path).close()
  const again = new Database(path)
  t.equal(again.get('SELECT MAX(version) AS version FROM schema_version')?.number('version'), migrations.length)
  t.equal(again.get('SELECT COUNT(*) AS n FROM schema_version')?.number('n'), migrations.length, 'each migration once')
  again.close()
  again.close()
})

t.test('the schema of a newer program is refused', async t => {
  const path = join(temporaryFolder(t), 'a.sqlite')
  const newer = new Database(path)
  newer.run('INSERT INTO schema_version (version, at) VALUES (:version, 0)', { version: migrations.length + 1 })
  newer.close()
  t.throws(() => new Database(path), { code: 'internal', message: /newer tuberlens/ })
})

t.test('commits are flushed and foreign keys hold', async t => {
  const database = new Database(join(temporaryFolder(t), 'a.sqlite'))
  t.teardown(() => { database.close() })
  const pragma = (name: string) => database.get(`SELECT * FROM pragma_${name}`)
  t.equal(pragma('journal_mode')?.text('journal_mode'), 'wal')
  t.equal(pragma('synchronous')?.number('synchronous'), 2, 'FULL')
  t.equal(pragma('foreign_keys')?.number('foreign_keys'), 1)
  t.throws(() => database.run('INSERT INTO artifacts (sop, job, study, series, sop_class, kind, ordinal, sha256, bytes) VALUES (\'1\', 99, \'2\', \'3\', \'4\', \'sr\', 0, \'\', 0)'), { code: 'internal' })
})

t.test('a transaction is all or nothing, and an inner one joins the outer', async t => {
  const database = new Database(join(temporaryFolder(t), 'a.sqlite'))
  t.teardown(() => { database.close() })
  const insert = (id: string) => database.run('INSERT INTO destinations (id) VALUES (:id)', { id })
  t.throws(() => {
    database.transaction(() => {
      insert('a')
      database.transaction(() => { insert('b') })
      throw new Error('no')
    })
  }, { message: 'no' })
  t.equal(database.all('SELECT id FROM destinations').length, 0)
  database.transaction(() => { insert('c') })
  t.equal(database.get('SELECT id FROM destinations')?.text('id'), 'c')
})

t.test('a column of another type is an error, NULL is absent', async t => {
  const row = new Row({ a: 'text', b: 7, c: null })
  t.throws(() => row.number('a'), { code: 'internal' })
  t.throws(() => row.text('b'), { code: 'internal' })
  t.throws(() => row.text('c'), { code: 'internal' })
  t.equal(row.textOrAbsent('c'), undefined)
  t.equal(row.numberOrAbsent('c'), undefined)
  t.equal(row.numberOrAbsent('b'), 7)
})

t.test('nobody but the owner may read a database, however open its folder is', { skip: process.platform === 'win32' }, async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'a.sqlite')
  const before = process.umask(0o022)
  t.teardown(() => { process.umask(before) })
  new Database(path).close()
  chmodSync(path, 0o644)
  const database = new Database(path)
  database.run('INSERT INTO tombstones (uid_hash, at) VALUES (:uid, 0)', { uid: 'x' })
  const lock = lockFolder(join(folder, 'lock.sqlite'))
  const names = readdirSync(folder)
  t.ok(names.includes('a.sqlite-wal') && names.includes('a.sqlite-shm') && names.includes('lock.sqlite'), names.join())
  for (const name of names) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  lock.release()
  database.close()
})
