import { existsSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { failuresOf, filesBelow, threadedService, unhandledRejections } from './support/hostile.ts'
import { testService } from './support/test-service.ts'

const post = (type: string, ...lines: readonly string[]): string => ['POST /dicom-web/studies HTTP/1.1', 'Host: test', 'Connection: close',
  'Accept: application/dicom+json', `Content-Type: ${type}`, ...lines].join('\r\n') + '\r\n\r\n'
const good = multipart([dicomFile()])
const typeWith = (boundary: string): string => `multipart/related; type="application/dicom"; boundary="${boundary}"`

interface Malformation { readonly name: string, readonly type?: string, readonly body: Buffer, readonly status: number, readonly reason?: string }

const malformations: readonly Malformation[] = [
  { name: 'no boundary', type: 'multipart/related; type="application/dicom"', body: good, status: 400 },
  { name: 'a wrong boundary', body: multipart([dicomFile()], { boundary: 'other' }), status: 400 },
  { name: 'a boundary of 257 characters', type: typeWith('b'.repeat(257)), body: multipart([dicomFile()], { boundary: 'b'.repeat(257) }), status: 400 },
  { name: 'a boundary outside bchars', type: typeWith('b{}'), body: multipart([dicomFile()], { boundary: 'b{}' }), status: 400 },
  { name: 'line feeds only', body: Buffer.from(good.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'), status: 400 },
  { name: 'no close delimiter', body: good.subarray(0, -7), status: 400, reason: 'C002' },
  { name: 'a part header of 200 KB', body: multipart([dicomFile()], { headers: `X: ${'y'.repeat(200_000)}\r\n` }), status: 413 },
  { name: 'a part header that never ends', body: Buffer.concat([Buffer.from('--b\r\nX: '), Buffer.alloc(300_000, 97)]), status: 413 },
  { name: 'a header line that starts with a blank (CVE-2022-24434)', body: multipart([dicomFile()], { headers: ' Content-Type: application/dicom\r\n' }), status: 200 },
  { name: 'a header line without a colon', body: multipart([dicomFile()], { headers: 'Content-Type\r\n' }), status: 200 },
  { name: 'no body', body: Buffer.alloc(0), status: 400 },
  { name: 'no part', body: Buffer.from('--b--\r\n'), status: 400 },
  { name: 'nothing but delimiters', body: Buffer.from('--b\r\n'.repeat(2000) + '--b--'), status: 400 },
  { name: 'an empty part', body: multipart([Buffer.alloc(0)]), status: 400, reason: 'C000' },
  { name: '10,001 parts', body: multipart(Array.from({ length: 10_001 }, () => Buffer.alloc(0)), { headers: 'Content-Type: text/plain\r\n' }), status: 413 },
]

t.test('M1: each malformed message has its status, leaves no file behind and does not end the service', async t => {
  const rejections = unhandledRejections(t)
  const service = await threadedService(t)
  const port = await listen(service)
  for (const { name, type = multipartType, body, status, reason } of malformations) {
    const answer = readAnswer(await exchange(port, [post(type, `Content-Length: ${body.length}`), body]))
    t.equal(answer.status, status, `M1: ${name}`)
    if (reason !== undefined) t.match(answer.body, new RegExp(`"00081197":\\{"vr":"US","Value":\\[${parseInt(reason, 16)}\\]`), `M1: ${name}`)
    t.strictSame(service.temporaryFiles(), [], `M1: ${name}`)
    t.match(readAnswer(await exchange(port, ['GET /livez HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n'])), { status: 200 }, `M1: alive after ${name}`)
  }
  t.match(readAnswer(await exchange(port, [post(multipartType, `Content-Length: ${good.length}`), good])), { status: 200 }, 'a good message is stored')
  t.strictSame(rejections, [])
})

t.test('M1: a boundary of 71 characters is accepted, as Orthanc sends 73, and refused strictly', async t => {
  const boundary = 'b'.repeat(71)
  const body = multipart([dicomFile()], { boundary })
  for (const [strict, status] of [[false, 200], [true, 400]] as const) {
    const service = await testService(t, { settings: { strict } })
    const port = await listen(service)
    const answer = readAnswer(await exchange(port, [post(typeWith(boundary), `Content-Length: ${body.length}`), body]))
    t.equal(answer.status, status, strict ? 'strict' : 'lenient')
    t.strictSame(service.temporaryFiles(), [])
  }
})

t.test('M1: a boundary that is split over chunks of one byte is found, one that lies inside the pixels does no harm', async t => {
  const service = await threadedService(t)
  const port = await listen(service)
  // lines that begin like a delimiter, and one that is the boundary but not at the start of a line
  const pixels = Buffer.from(' --b\n--b--\r\r\n-\r\n--\r\n--c\r--b--xyz')
  const body = multipart([dicomFile({ pixels }), dicomFile({ sop: '1.2.3.4.2' })])
  const chunks = Array.from(body, byte => Buffer.from([0x31, 13, 10, byte, 13, 10]))
  const answer = readAnswer(await exchange(port, [post(multipartType, 'Transfer-Encoding: chunked'), ...chunks, '0\r\n\r\n']))
  t.equal(answer.status, 200)
  const stored = await service.inject({ url: '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1', headers: { accept: 'application/dicom' } })
  t.ok(stored.rawPayload.subarray(-32).equals(pixels), 'the pixels are whole')
  t.equal(service.spoolFiles().length, 2)
  t.strictSame(service.temporaryFiles(), [])
})

t.test('M1: the whole boundary at the start of a line of the pixels ends the part, and the part is refused as cut', async t => {
  const service = await threadedService(t)
  const answer = await service.store(multipart([dicomFile({ pixels: Buffer.from('0123456789\r\n--b\r\n\r\nabcdefghijkl') })]))
  t.equal(answer.statusCode, 400)
  t.strictSame(failuresOf(answer).map(({ reason }) => reason), ['C000', 'C000'])
  t.strictSame(service.temporaryFiles(), [])
})

/** One way to spoil a message. */
type Mutation =
  | { readonly kind: 'set', readonly at: number, readonly value: number }
  | { readonly kind: 'cut', readonly at: number, readonly length: number }
  | { readonly kind: 'repeat', readonly at: number, readonly length: number }
  | { readonly kind: 'insert', readonly at: number, readonly bytes: Uint8Array }
  | { readonly kind: 'end', readonly at: number }

const three = multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' }), dicomFile({ sop: '1.2.3.4.3' })])
const at = fc.nat(three.length - 1)
const pieces = ['\r\n', '--b', '\r\n--b\r\n', '\r\n--b--', '\r\n\r\n', 'Content-Type: ', '\0', '\xff\xff\xff\xff'].map(text => Uint8Array.from(Buffer.from(text, 'latin1')))
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), at, value: fc.nat(255) }) },
  fc.record({ kind: fc.constant('cut' as const), at, length: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at, length: fc.integer({ min: 1, max: 800 }) }),
  fc.record({ kind: fc.constant('insert' as const), at, bytes: fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ minLength: 1, maxLength: 20 })) }),
  fc.record({ kind: fc.constant('end' as const), at }),
)

function mutate (message: Buffer, change: Mutation): Buffer {
  const place = Math.min(change.at, message.length)
  const [before, after] = [message.subarray(0, place), message.subarray(place)]
  if (change.kind === 'set') return Buffer.concat([before, Buffer.from([change.value]), after.subarray(1)])
  if (change.kind === 'cut') return Buffer.concat([before, after.subarray(change.length)])
  if (change.kind === 'repeat') return Buffer.concat([before, after.subarray(0, change.length), after])
  return change.kind === 'insert' ? Buffer.concat([before, change.bytes, after]) : before
}

// garbage is no growth
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
function memory (): { readonly resident: number, readonly held: number } {
  collectGarbage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { resident: rss, held: heapUsed + external }
}

const mutations = 10_000
/** How often memory is looked at: what is resident swings by a hundred megabytes, what is held by ten. */
const every = 1_000
const atOnce = 8

t.test('M2: 10,000 random mutations of a message of three parts: no 5xx, no crash, no growth', { timeout: 280_000 }, async t => {
  const rejections = unhandledRejections(t)
  // 30,000 files that are flushed one by one: in memory, where there is a file system for that
  const folder = process.env['TMPDIR']
  if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm'
  const service = await testService(t)
  if (folder === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = folder
  const changes = fc.sample(fc.array(mutation, { minLength: 1, maxLength: 5 }), { seed: 20_260_707, numRuns: mutations })
  const headers = { 'content-type': multipartType, accept: 'application/dicom+json' }
  const statuses = new Map<number, number>()
  const unexpected: string[] = []
  let next = 0
  const samples: ReturnType<typeof memory>[] = []
  const send = async (): Promise<void> => {
    for (let i = next++; i < changes.length; i = next++) {
      if (i % every === 0) samples.push(memory())
      // not by service.store: comparing each answer with openapi.yaml takes longer than the answer
      const { statusCode } = await service.app.inject({ method: 'POST', url: '/dicom-web/studies', headers, payload: changes[i]!.reduce(mutate, three) })
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
      if (![200, 202, 400, 409, 413].includes(statusCode)) unexpected.push(`mutation ${i}: ${statusCode}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, send))
  // what is loaded and compiled once is there after the first sample
  const growth = (of: 'resident' | 'held'): number =>
    Math.min(...samples.slice(-4).map(sample => sample[of])) - Math.max(...samples.slice(1, 5).map(sample => sample[of]))
  t.comment(`statuses ${JSON.stringify([...statuses])}`)
  t.strictSame(unexpected, [])
  t.equal([...statuses.values()].reduce((a, b) => a + b), mutations)
  t.ok(statuses.size >= 4, 'they reach the different outcomes')
  t.ok(growth('held') < 20 * 2 ** 20, `the main thread holds ${growth('held')} bytes more`)
  t.ok(growth('resident') < 50 * 2 ** 20, `${growth('resident')} bytes more are resident`)
  t.strictSame(service.temporaryFiles(), [])
  t.strictSame(filesBelow(service.folder).filter(name => !/^(spool\/in\/[\da-f]{2}\/[\da-f]{64}\/[\da-f]{64}\.\d+\.dcm|[\w.-]+)$/.test(name)), [])
  t.strictSame(rejections, [])
})
