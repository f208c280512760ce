import type { Worker } from 'node:worker_threads'
import { createDeflateRaw } from 'node:zlib'
import t from 'tap'
import { element, item, undefinedLength } from '../dicom/encoded.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { failuresOf, storedCount, threadedService, unhandledRejections } from './support/hostile.ts'

const good = dicomFile({ sop: '1.2.3.4.99' })
const sop = '1.2.3.4.1'
/** Elements after the pixels; (7FE1,1010) and what follows is private, so that nothing else can refuse it. */
const withTail = (...tail: readonly Buffer[]): Buffer => Buffer.concat([dicomFile(), ...tail])
const shorts = (tag: string, ...values: readonly number[]) => ({ [tag]: [tag, 'US', values] as const })

/** Zeros that become 300 MB, after a header that is fine; made piece by piece, so that the test stays small. */
async function deflateBomb (): Promise<Buffer> {
  const plain = dicomFile({ transferSyntax: '1.2.840.10008.1.2.1.99' })
  const start = plain.indexOf('ISO_IR 100') - 8
  const deflate = createDeflateRaw({ level: 9 })
  const pieces: Buffer[] = [plain.subarray(0, start)]
  deflate.on('data', (piece: Buffer) => pieces.push(piece))
  const megabyte = Buffer.alloc(2 ** 20)
  const write = async (bytes: Buffer): Promise<void> => await new Promise((resolve, reject) => {
    deflate.write(bytes, error => { if (error instanceof Error) reject(error); else resolve() })
  })
  await write(plain.subarray(start))
  for (let i = 0; i < 300; i++) await write(megabyte)
  await new Promise<void>(resolve => { deflate.end(resolve) })
  return Buffer.concat(pieces)
}

t.test('D2: 300 KB that inflate to 300 MB are refused without being inflated, a gzip body with 415', async t => {
  const service = await threadedService(t)
  t.equal((await service.store(multipart([good]))).statusCode, 200, 'the thread has started')
  const bomb = await deflateBomb()
  t.ok(bomb.length < 400_000)
  const before = process.resourceUsage().maxRSS
  const answer = await service.store(multipart([bomb]))
  const growth = (process.resourceUsage().maxRSS - before) / 1024
  t.comment(`the peak of memory rose by ${growth.toFixed(0)} MB`)
  t.equal(answer.statusCode, 409)
  t.match(failuresOf(answer), [{ reason: 'A701', comment: 'The deflated data set is too large' }])
  t.ok(growth < 80)
  const gzip = await service.store(multipart([good]), { headers: { 'content-encoding': 'gzip' } })
  t.equal(gzip.statusCode, 415)
  t.match(gzip.headers['accept-post'], /^multipart\/related; type="application\/dicom"/)
})

t.test('D1: a file cut at any byte of its header, and at twenty places of its pixels, is refused', async t => {
  const service = await threadedService(t)
  const whole = dicomFile({ pixels: Buffer.alloc(512, 7), change: { ...shorts('00280010', 16), ...shorts('00280011', 16) } })
  const pixels = whole.length - 512
  const ends = [...Array.from({ length: pixels + 1 }, (_, end) => end), ...Array.from({ length: 20 }, (_, i) => pixels + Math.round((i + 1) * 512 / 21)), whole.length - 1]
  const reasons = new Map<string, number>()
  for (let from = 0; from < ends.length; from += 50) {
    const cuts = ends.slice(from, from + 50)
    const answer = await service.store(multipart(cuts.map(end => whole.subarray(0, end))))
    t.equal(storedCount(answer), 0, `cut at ${cuts[0]} to ${cuts.at(-1)}`)
    const failures = failuresOf(answer)
    t.equal(failures.length, cuts.length)
    for (const { reason, comment } of failures) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      t.ok(comment.length > 0 && comment.length <= 64)
    }
  }
  t.strictSame([...reasons.keys()].sort(), ['A900', 'C000'], 'cannot understand, or no UID')
  t.strictSame([service.spoolFiles(), service.temporaryFiles()], [[], []])
  const missing = await service.store(multipart([whole.subarray(0, pixels - 12)]))
  t.strictSame(failuresOf(missing), [{ reason: 'C000', comment: 'PixelData is missing', sop }], 'cut exactly before the pixels')
  const short = await service.store(multipart([whole.subarray(0, pixels + 100)]))
  t.strictSame(failuresOf(short), [{ reason: 'C000', comment: 'The file ends inside PixelData', sop }])
  t.equal((await service.store(multipart([whole]))).statusCode, 200)
})

t.test('D3: what is nested too deeply, is too many or too long is refused, and the next instance is stored', async t => {
  const levels = 20_000
  const nested = Buffer.concat(Array.from({ length: levels }, () => Buffer.concat([element(0x7fe10010, 'SQ', '', { length: undefinedLength }), item(Buffer.alloc(0), undefinedLength)])))
  const hidden = Buffer.concat([element(0x7fe10010, 'UN', '', { length: undefinedLength }), ...Array.from({ length: levels }, () => Buffer.concat([
    item(Buffer.alloc(0), undefinedLength), element(0x7fe10010, 'SQ', '', { explicit: false, length: undefinedLength })]))])
  const tiny = Buffer.alloc(8 * 2_000_000)
  for (let i = 0; i < 2_000_000; i++) tiny.set([0xe1, 0x7f, 0x10, 0x10, 0x4c, 0x4f, 0, 0], i * 8)
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['20,000 nested sequences', withTail(nested), 'Sequences are nested deeper than 64'],
    ['20,000 sequences nested in UN', withTail(hidden), 'Sequences are nested deeper than 64'],
    ['2,000,000 tiny elements', withTail(tiny), 'The data set has more than 500000 elements'],
    ['an element of 4 GiB', withTail(element(0x7fe11010, 'OB', 'ab', { length: 0xfffffffe })), 'The file ends inside (7fe1,1010)'],
    ['a sequence of 4 GiB', withTail(element(0x7fe11010, 'SQ', 'ab', { length: 0xfffffffe })), 'The file ends inside (7fe1,1010)'],
    ['an item of 4 GiB', withTail(element(0x7fe11010, 'SQ', item(Buffer.from('ab'), 0xfffffffe), { length: undefinedLength })), 'The file ends inside Item'],
    ['UN of undefined length that never ends', withTail(element(0x7fe11010, 'UN', item(Buffer.alloc(2)), { length: undefinedLength })), 'The file ends inside an element'],
    ['UN of undefined length that holds no items', withTail(element(0x7fe11010, 'UN', Buffer.alloc(2 ** 20, 0x41), { length: undefinedLength })),
      '(4141,4141) stands where an item of a sequence belongs'],
  ]
  const rejections = unhandledRejections(t)
  const service = await threadedService(t)
  for (const [name, file, comment] of cases) {
    const answer = await service.store(multipart([file, good]))
    t.equal(answer.statusCode, 202, name)
    t.strictSame(failuresOf(answer), [{ reason: 'C000', comment, sop }], name)
    t.equal(storedCount(answer), 1, name)
    t.strictSame(service.temporaryFiles(), [], name)
  }
  t.strictSame(rejections, [])
})

t.test('D3: files are read in a thread of their own, while the event loop is free', async t => {
  const threads: Worker[] = []
  const note = (worker: Worker): void => { threads.push(worker) }
  process.on('worker', note)
  t.teardown(() => { process.off('worker', note) })
  const service = await threadedService(t)
  await service.store(multipart([good]))
  t.equal(threads.length, 1)
  const many = Buffer.alloc(8 * 400_000)
  for (let i = 0; i < 400_000; i++) {
    many.writeUInt16LE(0x7fe1 + 2 * Math.floor(i / 60_000), i * 8)
    many.writeUInt16LE(0x1000 + i % 60_000, i * 8 + 2)
    many.write('LO', i * 8 + 4)
  }
  const file = multipart([withTail(many)])
  const [ours, theirs] = [performance.eventLoopUtilization(), threads[0]!.performance.eventLoopUtilization()]
  t.equal((await service.store(file)).statusCode, 200, '400,000 elements are within the limit')
  const here = performance.eventLoopUtilization(ours).active
  const there = threads[0]!.performance.eventLoopUtilization(theirs).active
  t.ok(there > here, `busy for ${here.toFixed(0)} ms here, ${there.toFixed(0)} ms there`)
})

t.test('D4: image modules that no image can have are refused, with the attribute and its value', async t => {
  const number = (tag: string, text: string) => ({ [tag]: [tag, 'IS', text] as const })
  const cases: readonly (readonly [string, Parameters<typeof dicomFile>[0], string, string])[] = [
    ['Rows × Columns of 65535²', { change: { ...shorts('00280010', 65535), ...shorts('00280011', 65535) } }, 'A701', 'Rows × Columns is 65535 × 65535, more than 67108864'],
    ['a million frames', { change: number('00280008', '1000000') }, 'A701', 'NumberOfFrames is 1000000, more than 65536'],
    ['frames that add up to 256 GB', { change: { ...shorts('00280010', 1600), ...shorts('00280011', 1600), ...number('00280008', '65536') } },
      'A701', 'NumberOfFrames is 65536, the bytes, more than 4294967296'],
    ['no frames', { change: number('00280008', '0') }, 'C000', 'NumberOfFrames is 0'],
    ['frames below zero', { change: number('00280008', '-1') }, 'C000', 'NumberOfFrames is -1'],
    ['half a frame', { change: number('00280008', '1.5') }, 'C000', 'NumberOfFrames is 1.5'],
    ['no rows', { change: shorts('00280010', 0) }, 'C000', 'Rows is 0'],
    ['Columns missing', { change: { '00280011': undefined } }, 'C000', 'Columns is missing'],
    ['BitsAllocated 0', { change: shorts('00280100', 0) }, 'C000', 'BitsAllocated is 0'],
    ['BitsAllocated 7', { change: shorts('00280100', 7) }, 'C000', 'BitsAllocated is 7'],
    ['BitsAllocated 64', { change: shorts('00280100', 64) }, 'C000', 'BitsAllocated is 64'],
    ['BitsStored 17', { change: shorts('00280101', 17) }, 'C000', 'BitsStored is 17'],
    ['HighBit 16', { change: shorts('00280102', 16) }, 'C000', 'HighBit is 16'],
    ['SamplesPerPixel 255', { change: shorts('00280002', 255) }, 'C000', 'SamplesPerPixel is 255'],
    ['PixelData too short', { pixels: Buffer.alloc(30) }, 'C000', 'PixelData has 30 bytes, its header asks for 32'],
    ['PixelData too long', { pixels: Buffer.alloc(34) }, 'C000', 'PixelData has 34 bytes, its header asks for 32'],
    ['PixelData empty', { pixels: Buffer.alloc(0) }, 'C000', 'PixelData has 0 bytes, its header asks for 32'],
  ]
  const service = await threadedService(t)
  for (const [name, options, reason, comment] of cases) {
    const answer = await service.store(multipart([dicomFile(options)]))
    t.strictSame(failuresOf(answer), [{ reason, comment, sop }], name)
    t.equal(answer.statusCode, reason === 'A701' ? 409 : 400, name)
  }
  t.strictSame([service.spoolFiles(), service.temporaryFiles()], [[], []])
})
