import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { openStaging } from '../../src/archive/staging.ts'
import { Clock, openArchive, temporaryFolder } from '../helpers/archive.ts'

async function staged (t: Parameters<typeof openArchive>[0], chunks: readonly Uint8Array[]) {
  const archive = await openArchive(t)
  const staging = await archive.stage()
  await pipeline(Readable.from(chunks.map(chunk => Buffer.from(chunk))), staging.writable)
  return await staging.seal()
}

t.test('a preamble before DICM becomes zeros, in chunks of any size', async t => {
  const file = Buffer.concat([Buffer.from('MZ executable'.padEnd(128, '!')), Buffer.from('DICM'), Buffer.from('the rest of the file')])
  const clean = Buffer.concat([Buffer.alloc(128), file.subarray(128)])
  for (const size of [1, 64, 128, 131, 132, 133, 1000]) {
    const chunks = Array.from({ length: Math.ceil(file.length / size) }, (_, i) => file.subarray(i * size, (i + 1) * size))
    const sealed = await staged(t, chunks)
    t.ok(readFileSync(sealed.path).equals(clean), `chunks of ${size}`)
    t.equal(sealed.bytes, clean.length)
  }
})

t.test('a file without DICM is kept as it came, however short', async t => {
  for (const text of ['', 'short', 'x'.repeat(400)]) {
    const sealed = await staged(t, [Buffer.from(text)])
    t.equal(readFileSync(sealed.path, 'latin1'), text)
    t.equal(sealed.bytes, text.length)
  }
})

t.test('a file that is given up leaves nothing, sealed or not', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  const open = await archive.stage()
  open.writable.write('begun')
  await open.discard()
  await open.discard()
  const sealed = await archive.stage()
  await pipeline(Readable.from([Buffer.from('done')]), sealed.writable)
  const file = await sealed.seal()
  t.ok(existsSync(file.path))
  await file.discard()
  t.strictSame(readdirSync(join(folder, 'tmp')), [])
})

t.test('a file cannot be sealed before its last byte', async t => {
  const archive = await openArchive(t)
  const staging = await archive.stage()
  staging.writable.write('begun')
  await t.rejects(staging.seal(), { code: 'internal' })
  await staging.discard()
})

t.test('what a crash left under tmp is gone at the next start', async t => {
  const folder = temporaryFolder(t)
  const first = await openArchive(t, new Clock(), folder)
  const staging = await first.stage()
  await pipeline(Readable.from([Buffer.from('never committed')]), staging.writable)
  await staging.seal()
  await first.close()
  await openArchive(t, new Clock(), folder)
  t.strictSame(readdirSync(join(folder, 'tmp')), [])
})

t.test('a write that is under way when its file is given up does not go into the next file', async t => {
  const folder = temporaryFolder(t)
  const archive = await openArchive(t, new Clock(), folder)
  for (let i = 0; i < 20; i++) {
    const given = await archive.stage()
    given.writable.write(Buffer.alloc(2 ** 21, 1))
    const gone = given.discard()
    const kept = await archive.stage()
    await pipeline(Readable.from([Buffer.from('kept')]), kept.writable)
    const sealed = await kept.seal()
    await gone
    t.equal(readFileSync(sealed.path, 'utf8'), 'kept')
    await sealed.discard()
  }
  t.strictSame(readdirSync(join(folder, 'tmp')), [])
})

t.test('a file that cannot be made is an error of who writes to it', async t => {
  const archive = await openArchive(t)
  const taken = await archive.stage()
  await pipeline(Readable.from([Buffer.from('x')]), taken.writable)
  const second = openStaging(taken.path)
  await t.rejects(pipeline(Readable.from([Buffer.from('y')]), second.writable), { name: 'AppError' })
  const absent = openStaging(join(taken.path, 'below'))
  await t.rejects(pipeline(Readable.from([Buffer.from('y')]), absent.writable), { name: 'AppError' })
  await absent.discard()
  t.equal(readFileSync(taken.path, 'utf8'), 'x')
  await taken.discard()
})
