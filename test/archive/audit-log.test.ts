import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { AuditLog, hashOf } from '../../src/archive/audit-log.ts'
import { verifyAudit } from '../../src/archive/verify-audit.ts'
import { uidHash } from '../../src/archive/tombstones.ts'
import type { AppError } from '../../src/errors.ts'
import { run } from '../../src/cli/audit.ts'
import { Clock, temporaryFolder } from '../helpers/archive.ts'

const file = 'audit-2026-01.jsonl'
const read = (folder: string, name = file) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
const start = { code: 110100, action: 'start', outcome: 0 } as const

t.test('each line holds the hash of the line before, over restarts and months', async t => {
  const folder = temporaryFolder(t)
  const clock = new Clock()
  const first = await AuditLog.open({ folder, now: clock.now })
  await Promise.all([first.record(start), first.record({ code: 110104, action: 'import', outcome: 0, source: '10.0.0.1', studies: ['1.2.3'], facts: { stored: 2 } })])
  await first.close()
  const second = await AuditLog.open({ folder, now: clock.now })
  await second.record({ code: 110112, action: 'query', outcome: 4 })
  clock.pass(31 * 86_400_000)
  await second.record(start)
  await second.close()
  t.strictSame(readdirSync(folder).sort(), [file, 'audit-2026-02.jsonl'])
  const lines = [...read(folder), ...read(folder, 'audit-2026-02.jsonl')].map(line => JSON.parse(line) as Record<string, unknown>)
  t.strictSame(lines.map(({ sequence }) => sequence), [1, 2, 3, 4])
  t.strictSame(lines.map(({ previous }) => previous), ['0'.repeat(64), ...lines.slice(0, 3).map(({ hash }) => hash)])
  t.match(lines[1], { event: '110104', name: 'DICOM Instances Transferred', source: '10.0.0.1', studies: [uidHash('1.2.3')], facts: { stored: 2 }, at: '2026-01-01T00:00:00.000Z' })
  t.notMatch(read(folder).join(), /"1\.2\.3"/)
  t.equal(second.lastHash, lines[3]!['hash'])
  // computed from the bytes alone, as an auditor would
  const [line] = read(folder)
  t.equal(hashOf(`${line!.slice(0, line!.lastIndexOf(',"hash":'))}}`), lines[0]!['hash'])
  t.match(await verifyAudit(join(folder, file)), { records: 3, previous: '0'.repeat(64), last: lines[2]!['hash'] })
  t.match(await verifyAudit(join(folder, 'audit-2026-02.jsonl')), { records: 1, previous: lines[2]!['hash'] })
})

t.test('what was changed, taken out or put in is found', async t => {
  const folder = temporaryFolder(t)
  const log = await AuditLog.open({ folder, now: new Clock().now })
  for (let i = 0; i < 4; i++) await log.record({ code: 110103, action: 'read', outcome: 0, facts: { i } })
  await log.close()
  const path = join(folder, file)
  const lines = read(folder)
  const damaged = async (changed: readonly string[]) => {
    writeFileSync(path, `${changed.join('\n')}\n`)
    return await verifyAudit(path)
  }
  t.strictSame(await damaged(lines.with(1, lines[1]!.replace('"outcome":0', '"outcome":4'))), { line: 2, what: 'was changed after it was written' })
  t.strictSame(await damaged(lines.toSpliced(1, 1)), { line: 2, what: 'does not follow the line before it' })
  t.strictSame(await damaged(lines.toSpliced(2, 0, lines[0]!)), { line: 3, what: 'does not follow the line before it' })
  t.strictSame(await damaged(lines.with(3, 'x')), { line: 4, what: 'is no record' })
  await t.rejects(verifyAudit(join(folder, 'absent')), { code: 'input-unreadable' })
})

t.test('a clock that goes back over the end of a month does not split the chain, nor does a restart then', async t => {
  const folder = temporaryFolder(t)
  const times = ['2026-01-31T23:59:00Z', '2026-02-01T00:01:00Z', '2026-01-31T23:59:30Z'].map(Date.parse)
  const first = await AuditLog.open({ folder, now: () => times.shift()! })
  for (let i = 0; i < 3; i++) await first.record(start)
  await first.close()
  const second = await AuditLog.open({ folder, now: () => Date.parse('2026-01-31T23:59:45Z') })
  await second.record(start)
  await second.close()
  const [january, february] = [await verifyAudit(join(folder, file)), await verifyAudit(join(folder, 'audit-2026-02.jsonl'))]
  t.match(january, { records: 1 })
  t.match(february, { records: 3, previous: (january as { last: string }).last })
})

t.test('lines in another order, and a trail that lost its beginning, are found', async t => {
  const folder = temporaryFolder(t)
  const log = await AuditLog.open({ folder, now: new Clock().now })
  for (let i = 0; i < 3; i++) await log.record({ code: 110103, action: 'read', outcome: 0, facts: { i } })
  await log.close()
  const path = join(folder, file)
  const [one, two, three] = read(folder)
  const look = async (...lines: string[]) => {
    writeFileSync(path, `${lines.join('\n')}\n`)
    return await verifyAudit(path)
  }
  t.match(await look(one!, three!, two!), { line: 2, what: 'does not follow the line before it' })
  t.match(await look(two!, one!, three!), { line: 2, what: 'does not follow the line before it' })
  t.match(await look(two!, three!), { records: 2, previous: (JSON.parse(one!) as { hash: string }).hash }, 'shows by what it follows')
  // a forger who numbers the rest anew cannot make it begin with zeros unless every hash is new
  const forged = two!.replace('"sequence":2', '"sequence":1')
  const text = `${forged.slice(0, forged.lastIndexOf(',"hash":'))}}`
  t.match(await look(`${text.slice(0, -1)},"hash":"${hashOf(text)}"}`), { line: 1, what: 'is not what a trail begins with' })
})

t.test('half a line that a power cut left is cut off, and the chain goes on', async t => {
  const folder = temporaryFolder(t)
  const log = await AuditLog.open({ folder, now: new Clock().now })
  await log.record(start)
  await log.close()
  appendFileSync(join(folder, file), '{"sequence":2,"at')
  writeFileSync(join(folder, 'audit-2026-02.jsonl'), '{"half')
  const again = await AuditLog.open({ folder, now: new Clock().now })
  await again.record(start)
  await again.close()
  t.match(await verifyAudit(join(folder, file)), { records: 2 })
  writeFileSync(join(folder, 'audit-2026-03.jsonl'), 'not json\n')
  await t.rejects(AuditLog.open({ folder }), { code: 'out-of-resources' })
})

t.test('an event that cannot be written is told of, waits, and is written when that is possible', async t => {
  const folder = temporaryFolder(t)
  const failures: AppError[] = []
  const log = await AuditLog.open({ folder, now: new Clock().now, onFailure: error => { failures.push(error) }, retryMs: 0 })
  // a folder where the file should be: nobody can write there, not even root
  mkdirSync(join(folder, file))
  await log.record(start)
  await log.record(start)
  t.equal(log.pending, 2)
  t.ok(failures.length >= 2)
  t.equal(failures[0]!.code, 'out-of-resources')
  await log.close()
  t.equal(log.pending, 2)
  rmSync(join(folder, file), { recursive: true })
  await log.record({ ...start, action: 'stop' })
  t.strictSame(read(folder).map(line => (JSON.parse(line) as { action: string }).action), ['start', 'start', 'stop'])
  t.match(await verifyAudit(join(folder, file)), { records: 3 })
  await log.close()
})

t.test('beyond what memory may hold the oldest are lost, and the log says how many', async t => {
  const folder = temporaryFolder(t)
  const log = await AuditLog.open({ folder, now: new Clock().now, retryMs: 0 })
  mkdirSync(join(folder, file))
  const all: Promise<void>[] = []
  for (let i = 0; i < 10_003; i++) all.push(log.record({ code: 110103, action: 'read', outcome: 0, facts: { i } }))
  await Promise.all(all)
  t.equal(log.pending, 10_000)
  rmSync(join(folder, file), { recursive: true })
  await log.record(start)
  const lines = read(folder)
  t.equal(lines.length, 10_000)
  t.match(JSON.parse(lines[0]!), { lostBefore: 4, sequence: 1 })
  await log.close()
})

t.test('a disk that was full a moment ago is left alone for a while', async t => {
  const folder = temporaryFolder(t)
  let failures = 0
  const log = await AuditLog.open({ folder, now: new Clock().now, onFailure: () => { failures++ } })
  mkdirSync(join(folder, file))
  for (let i = 0; i < 5; i++) await log.record(start)
  t.equal(failures, 1)
  t.equal(log.pending, 5)
  rmSync(join(folder, file), { recursive: true })
  await log.close()
  t.match(await verifyAudit(join(folder, file)), { records: 5 })
})

t.test('a folder that cannot be made is an error', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  chmodSync(join(folder, 'file'), 0o600)
  await t.rejects(AuditLog.open({ folder: join(folder, 'file') }), { code: 'out-of-resources' })
})

t.test('the command line follows chains from file to file', async t => {
  const folder = temporaryFolder(t)
  const clock = new Clock()
  const log = await AuditLog.open({ folder, now: clock.now })
  await log.record(start)
  clock.pass(31 * 86_400_000)
  await log.record(start)
  await log.close()
  const [january, february] = [join(folder, file), join(folder, 'audit-2026-02.jsonl')]
  const call = async (...args: string[]) => {
    let text = ''
    const stream = { write: (part: string) => { text += part; return true } }
    const code = await run(['verify', ...args], { stdout: stream, stderr: stream, env: {}, signal: new AbortController().signal } as unknown as Parameters<typeof run>[1])
    return { code, text }
  }
  t.match(await call(january, february), { code: 0, text: /1 records, whole; last hash [0-9a-f]{64}\n.*1 records, whole/ })
  t.match(await call(february, january), { code: 5, text: /does not follow the file before it/ })
  const whole = readFileSync(february, 'utf8')
  const last = (JSON.parse(whole) as { hash: string }).hash
  t.match(await call('--last-hash', last.toUpperCase(), january, february), { code: 0 })
  const cut = await call('--last-hash', last, january)
  t.match(cut, { code: 5, text: /the kept hash is not in the chain: its end was cut off/ })
  await t.rejects(call('--last-hash', 'x', january), { code: 'usage' })
  t.match(await call(february), { code: 0 }, 'a later file by itself')
  writeFileSync(january, readFileSync(january, 'utf8').replace('start', 'stop'))
  t.match(await call(january, february), { code: 5, text: /line 1 was changed/ })
  await t.rejects(call(), { code: 'usage', message: /at least one file/ })
  await t.rejects(run(['check'], { stdout: process.stdout, stderr: process.stderr, env: {}, signal: new AbortController().signal }), { code: 'usage' })
})
