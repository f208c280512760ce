import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import t from 'tap'
import { checkBoundary, defaultMultipartLimits, type MultipartLimits, readParts } from '../../src/dicomweb/multipart-related.ts'
import { writeParts } from '../../src/dicomweb/multipart-writer.ts'
import { AppError } from '../../src/errors.ts'

interface ReadPart { headers: Record<string, string>, body: Buffer | AppError }

/** Cuts bytes into chunks of one size, as a network would. */
function chunked (bytes: Buffer, size: number): Readable {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  return Readable.from(chunks, { objectMode: false })
}

async function readAll (source: Readable, boundary: string, limits?: Partial<MultipartLimits>): Promise<ReadPart[]> {
  const parts: ReadPart[] = []
  for await (const part of readParts(source, boundary, { ...defaultMultipartLimits, ...limits })) {
    const chunks: Uint8Array[] = []
    let failure: AppError | undefined
    try {
      for await (const chunk of part.body) chunks.push(chunk)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      failure = error
    }
    parts.push({ headers: Object.fromEntries(part.headers), body: failure ?? Buffer.concat(chunks) })
  }
  return parts
}

const message = (...parts: readonly (readonly [string, string | Buffer])[]): Buffer => Buffer.concat([
  ...parts.flatMap(([headers, body]) => [Buffer.from(`--b\r\n${headers}${headers === '' ? '' : '\r\n'}\r\n`), Buffer.from(body), Buffer.from('\r\n')]),
  Buffer.from('--b--\r\n'),
])
const bodies = (parts: readonly ReadPart[]): string[] => parts.map(part => Buffer.isBuffer(part.body) ? part.body.toString('latin1') : part.body.code)

t.test('parts are read with their headers, in chunks of any size', async t => {
  const bytes = message(['Content-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\nContent-ID: <a>', 'first'], ['CONTENT-TYPE:application/dicom', 'second'])
  for (const size of [1, 2, 3, 7, 64, 65_536]) {
    const parts = await readAll(chunked(bytes, size), 'b')
    t.strictSame(bodies(parts), ['first', 'second'], `chunks of ${size}`)
    t.equal(parts[0]!.headers['content-type'], 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1')
    t.equal(parts[0]!.headers['content-id'], '<a>')
    t.equal(parts[1]!.headers['content-type'], 'application/dicom')
  }
})

t.test('preamble, epilogue and line breaks before the first delimiter are accepted', async t => {
  const bytes = message(['', 'x'])
  t.strictSame(bodies(await readAll(chunked(Buffer.concat([Buffer.from('\r\n'), bytes]), 5), 'b')), ['x'])
  t.strictSame(bodies(await readAll(chunked(Buffer.concat([Buffer.from('for old readers\r\n'), bytes, Buffer.from('the end\r\n')]), 5), 'b')), ['x'])
})

t.test('a boundary inside the pixels does not cut a part', async t => {
  const pixels = Buffer.from('pixels --b\n--b--\r\r\n-\r\n--\r\n--c\r--b--\r\n')
  for (const size of [1, 4, 100]) {
    const [part] = await readAll(chunked(message(['', pixels]), size), 'b')
    t.ok(Buffer.isBuffer(part!.body) && part!.body.equals(pixels), `chunks of ${size}`)
  }
})

t.test('a part that the consumer leaves unread does not stop the next', async t => {
  const bytes = message(['', randomBytes(300_000)], ['', 'wanted'])
  const seen: string[] = []
  for await (const part of readParts(chunked(bytes, 10_000), 'b')) {
    if (part.index === 1) for await (const chunk of part.body) seen.push(Buffer.from(chunk).toString())
  }
  t.strictSame(seen, ['wanted'])
})

t.test('a part left in its middle does not stop the next', async t => {
  const bytes = message(['', randomBytes(300_000)], ['', 'wanted'])
  let last = ''
  for await (const part of readParts(chunked(bytes, 10_000), 'b')) {
    for await (const chunk of part.body) {
      last = Buffer.from(chunk).toString('latin1')
      if (part.index === 0) break
    }
  }
  t.equal(last, 'wanted')
})

t.test('the last part without a closing delimiter is an error of that part alone', async t => {
  const bytes = message(['', 'whole'], ['', 'cut'])
  for (const size of [1, 8, 1000]) {
    t.strictSame(bodies(await readAll(chunked(bytes.subarray(0, -9), size), 'b')), ['whole', 'request-malformed'], `chunks of ${size}`)
  }
})

t.test('the last part without a closing delimiter is noticed by a slow consumer too', async t => {
  const bytes = message(['', 'whole'], ['', 'cut']).subarray(0, -7)
  const seen: string[] = []
  for await (const part of readParts(chunked(bytes, 10_000), 'b')) {
    await new Promise(resolve => setTimeout(resolve, 20))
    try {
      for await (const chunk of part.body) seen.push(Buffer.from(chunk).toString())
    } catch (error) {
      seen.push((error as AppError).code)
    }
  }
  t.strictSame(seen, ['whole', 'cut', 'request-malformed'])
})

t.test('without any part the loop simply ends', async t => {
  for (const body of ['', '--b--\r\n', '--c\r\n\r\nx\r\n--c--', '--b\n\nline feeds only\n--b--\n', '--b\r\n--b\r\n--b--']) {
    t.strictSame(bodies(await readAll(chunked(Buffer.from(body), 3), 'b')), [], JSON.stringify(body))
  }
})

t.test('an empty part is a part', async t => {
  t.strictSame(bodies(await readAll(chunked(message(['', '']), 3), 'b')), [''])
})

t.test('a header line that starts with a blank harms nobody (CVE-2022-24434)', async t => {
  t.strictSame(bodies(await readAll(chunked(message([' Content-Type: application/dicom', 'x']), 9), 'b')), ['x'])
})

t.test('each limit is payload-too-large and names itself', async t => {
  const long = `X-Long: ${'a'.repeat(200_000)}`
  const many = Array.from({ length: 40 }, (_, i) => `X-${i}: 1`).join('\r\n')
  const cases: readonly [string, Buffer, Partial<MultipartLimits>, string][] = [
    ['request', message(['', 'x'.repeat(100)]), { requestBytes: 50 }, 'request'],
    ['parts', message(['', '1'], ['', '2'], ['', '3']), { parts: 2 }, 'parts'],
    ['a header of 200 KB', message([long, 'x']), {}, 'part-header'],
    ['a header that never ends', Buffer.concat([Buffer.from('--b\r\nX: '), Buffer.alloc(300_000, 97)]), {}, 'part-header'],
    ['forty header fields', message([many, 'x']), {}, 'part-header'],
    ['ten thousand and one parts', message(...Array.from({ length: 10_001 }, () => ['', 'x'] as const)), {}, 'parts'],
  ]
  for (const [name, bytes, limits, limit] of cases) {
    const thrown: unknown = await readAll(chunked(bytes, 4096), 'b', limits).catch((error: unknown) => error)
    t.ok(thrown instanceof AppError, name)
    t.match(thrown, { code: 'payload-too-large', facts: { limit } }, name)
  }
})

t.test('exactly as many parts, header bytes and request bytes as allowed pass', async t => {
  const bytes = message(['A: 1', '1'], ['A: 2', '2'])
  const limits = { parts: 2, headerPairs: 1, headerBytes: 6, requestBytes: bytes.length }
  t.strictSame(bodies(await readAll(chunked(bytes, 3), 'b', limits)), ['1', '2'])
})

t.test('a sender that goes away interrupts the reader, also inside a part', async t => {
  const bytes = message(['', randomBytes(100_000)])
  async function * broken (): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, 50_000)
    throw new Error('aborted')
  }
  const source = Readable.from(broken(), { objectMode: false })
  t.match(await readAll(source, 'b').catch((error: unknown) => error), { code: 'interrupted' })
})

t.test('back-pressure: what nobody reads is not taken from the source', async t => {
  let taken = 0
  async function * endless (): AsyncGenerator<Buffer> {
    yield Buffer.from('--b\r\n\r\n')
    while (taken < 50_000_000) {
      taken += 65_536
      yield Buffer.alloc(65_536)
    }
  }
  const parts = readParts(Readable.from(endless(), { objectMode: false }), 'b')
  const first = await parts.next()
  t.notOk(first.done)
  await new Promise(resolve => setTimeout(resolve, 50))
  await parts.return()
  t.ok(taken < 1_000_000, `took ${taken} bytes`)
})

t.test('what the writer writes the reader reads', async t => {
  const pixels = randomBytes(200_000)
  async function * stream (): AsyncGenerator<Uint8Array> { yield pixels.subarray(0, 5); yield pixels.subarray(5) }
  const written: Uint8Array[] = []
  for await (const chunk of writeParts([{ headers: { 'Content-Type': 'application/dicom' }, body: stream() }, { headers: {}, body: Buffer.from('two') }], 'b')) written.push(chunk)
  const parts = await readAll(chunked(Buffer.concat(written), 777), 'b')
  t.ok(Buffer.isBuffer(parts[0]!.body) && parts[0]!.body.equals(pixels))
  t.equal(parts[0]!.headers['content-type'], 'application/dicom')
  t.equal(bodies(parts)[1], 'two')
})

t.test('boundaries of RFC 2046 pass, others are malformed', async t => {
  for (const boundary of ['b', 'a'.repeat(70), "gc0p4Jq0M2Yt08jU534c0p'()+_,-./:=?", 'with blank inside']) t.equal(checkBoundary(boundary), boundary)
  for (const boundary of [undefined, '', 'a'.repeat(257), 'ends with blank ', 'a"b', 'a;b', 'ä', 'a\0b', 'a\r\nb']) {
    t.throws(() => checkBoundary(boundary), { code: 'request-malformed' })
  }
  const orthanc = '64a13ef2-3ea6-4e29-9b09-809f9ff2281f-64a13ef2-3ea6-4e29-9b09-809f9ff2281f'
  t.equal(checkBoundary(orthanc), orthanc, 'a real sender breaks the limit of 70')
  t.throws(() => checkBoundary('a'.repeat(71), true), { code: 'request-malformed' }, 'strictly it is 70')
})
