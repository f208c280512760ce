import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { AuditFile } from '../../src/archive/audit-file.ts'
import { temporaryFolder } from '../helpers/archive.ts'

t.test('lines are added to what is there, over files and after closing', async t => {
  const folder = temporaryFolder(t)
  const [january, february] = [join(folder, 'january'), join(folder, 'february')]
  const file = new AuditFile()
  t.teardown(() => { file.close() })
  await file.append(january, 'one\n')
  await file.append(january, 'two\nthree\n')
  await file.append(february, 'four\n')
  file.close()
  file.close()
  await file.append(january, 'five\n')
  t.equal(readFileSync(january, 'utf8'), 'one\ntwo\nthree\nfive\n')
  t.equal(readFileSync(february, 'utf8'), 'four\n')
  if (process.platform !== 'win32') t.equal(statSync(january).mode & 0o777, 0o600)
})

t.test('a file that was taken away is begun anew, one that was cut short goes on at its end', async t => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'trail')
  const file = new AuditFile()
  t.teardown(() => { file.close() })
  await file.append(path, 'one\n')
  renameSync(path, join(folder, 'kept'))
  await file.append(path, 'two\n')
  t.equal(readFileSync(join(folder, 'kept'), 'utf8'), 'one\n')
  t.equal(readFileSync(path, 'utf8'), 'two\n')
  truncateSync(path, 2)
  await file.append(path, '!\n')
  t.equal(readFileSync(path, 'utf8'), 'tw!\n')
  rmSync(path)
  mkdirSync(path)
  await t.rejects(file.append(path, 'three\n'), { code: 'EISDIR' })
  t.strictSame(readdirSync(folder).sort(), ['kept', 'trail'])
})

t.test('what cannot be written whole leaves the file as it was', { skip: process.platform !== 'linux' }, async t => {
  const file = new AuditFile()
  t.teardown(() => { file.close() })
  await t.rejects(file.append('/dev/full', 'one\n'), { code: 'ENOSPC' })
})
