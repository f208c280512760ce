import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fileRoom, ThreadFile } from '../../src/service/thread-file.ts'

function fileOf (t: Test, bytes: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  return path
}

const bytesOf = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251))

t.test('ranges and digests are those of the bytes, over more than one room', async t => {
  const bytes = Buffer.concat(Array.from({ length: 5 }, () => bytesOf(500_000)))
  const file = new ThreadFile(fileOf(t, bytes))
  t.equal(file.size, bytes.length)
  for (const [offset, length] of [[0, bytes.length], [0, 10], [2_000_001, 499_999], [5, 0]] as const) {
    t.ok(bytes.subarray(offset, offset + length).equals(await file.read({ offset, length })), `${length} from ${offset}`)
  }
  for (const offset of [0, 1, 132, 2 ** 20, bytes.length]) {
    t.equal(await file.digestFrom(offset), createHash('sha256').update(bytes.subarray(offset)).digest('hex'), `from ${offset}`)
  }
  file.close()
})

t.test('a small file lies in the room that it was given, and only when it is read whole', async t => {
  const bytes = bytesOf(1000)
  const room = fileRoom()
  const file = new ThreadFile(fileOf(t, bytes), room)
  const whole = await file.read({ offset: 0, length: 1000 }) as Buffer
  t.equal(whole.buffer, room.buffer)
  const part = await file.read({ offset: 0, length: 999 }) as Buffer
  t.not(part.buffer, room.buffer)
  t.ok(bytes.equals(whole))
  file.close()
})

t.test('a file that became shorter is told', async t => {
  const path = fileOf(t, bytesOf(1000))
  const file = new ThreadFile(path)
  truncateSync(path, 10)
  await t.rejects(file.read({ offset: 0, length: 1000 }), { code: 'internal' })
  await t.rejects(file.digestFrom(0), { code: 'internal' })
  file.close()
})

t.test('a file that is gone throws', t => {
  t.throws(() => new ThreadFile(join(tmpdir(), 'tuberlens-no-such-file')), { code: 'ENOENT' })
  t.end()
})
