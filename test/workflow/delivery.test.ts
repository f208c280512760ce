import { createHash } from 'node:crypto'
import t from 'tap'
import type { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { failureReasonRules, statusRules } from '../../src/dicomweb/store-outcome.ts'
import type { StoreCause, StoreOutcome } from '../../src/dicomweb/store-outcome.ts'
import { backoff, deliveryActions } from '../../src/workflow/delivery-rules.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'
import { answers, Control, FakePacs, live, settle, testWorkflow } from '../helpers/workflow.ts'

type Owner = Parameters<typeof openArchive>[0]
const srClass = '1.2.840.10008.5.1.4.1.1.88.34'
const isSr = ({ sopClassUid }: { sopClassUid: string }) => sopClassUid === srClass

/** A study of two slices, analysed and reported; its two heatmaps and its report are on their way to `pacs`. */
async function scene (t: Owner, pacs = new FakePacs()) {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow, events } = testWorkflow(t, archive, clock, control, { destinations: [pacs] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const states = () => archive.deliveries.ofJob(reportOf(archive)).map(({ state }) => state)
  return { clock, archive, control, workflow, events, pacs, states, live: async (s: number, step = 1) => { await live(workflow, clock, s, step) } }
}
const reportOf = (archive: SqliteArchive) => archive.jobs.list({ limit: 100 }).find(({ kind }) => kind === 'report')!.id

const outcomeOf = (cause: StoreCause, rest: Partial<StoreOutcome> = {}) => {
  const rule = [...failureReasonRules, ...statusRules].find(candidate => candidate.cause === cause)
  return { verdict: rule?.verdict ?? 'retry', cause, alert: rule?.alert ?? false, ...rest } as const
}

t.test('each cause leads to the state and the pause of the table', async t => {
  type Row = [StoreCause, { keep: boolean, state: string, after?: number, job: string }]
  // the jitter is fixed at one half: the first pause is 2.5 s, the slow one 600 s
  const table: Row[] = [
    ['stored', { keep: true, state: 'VERIFIED', job: 'DONE' }],
    ['coerced', { keep: true, state: 'VERIFIED', job: 'DONE' }],
    ['out-of-resources', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['processing-failure', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['not-authorized', { keep: false, state: 'PENDING', after: 600_000, job: 'DELIVERING' }],
    ['refused', { keep: false, state: 'DEAD', job: 'DEAD' }],
    ['duplicate', { keep: true, state: 'VERIFIED', job: 'DONE' }],
    ['duplicate', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['unknown-reason', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['unconfirmed', { keep: true, state: 'VERIFIED', job: 'DONE' }],
    ['unconfirmed', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['bad-request', { keep: false, state: 'DEAD', job: 'DEAD' }],
    ['too-large', { keep: false, state: 'DEAD', job: 'DEAD' }],
    ['unauthorized', { keep: false, state: 'PENDING', after: 600_000, job: 'DELIVERING' }],
    ['wrong-address', { keep: false, state: 'PENDING', after: 600_000, job: 'DELIVERING' }],
    ['busy', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['unreachable', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['untrusted', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['unreadable-file', { keep: false, state: 'DEAD', job: 'DEAD' }],
    ['unexpected-status', { keep: false, state: 'PENDING', after: 2500, job: 'DELIVERING' }],
    ['stored', { keep: false, state: 'SENT', after: 2500, job: 'DELIVERING' }],
  ]
  const tried = new Set(table.map(([cause]) => cause))
  t.strictSame(Object.keys(deliveryActions).filter(cause => !tried.has(cause as StoreCause)), [], 'every cause has a row')
  for (const [cause, { keep, state, after, job }] of table) {
    const pacs = new FakePacs()
    pacs.answer = file => isSr(file) ? { outcome: answers.stored, keep: true } : { outcome: outcomeOf(cause), keep }
    const { archive, clock, live } = await scene(t, pacs)
    await live(60)
    const first = archive.deliveries.ofJob(reportOf(archive))[0]!
    const name = `${cause}${keep ? ', and it is there' : ''}`
    t.equal(first.state, state, name)
    t.equal(first.nextAt === undefined ? undefined : first.nextAt - clock.at, after, `${name}: pause`)
    t.equal(archive.jobs.get(reportOf(archive))!.state, job, `${name}: job`)
  }
})

t.test('a refused report does not keep the heatmaps back, and it is said', async t => {
  const pacs = new FakePacs()
  pacs.answer = file => isSr(file) ? { outcome: outcomeOf('refused', { failureReason: 0x0122, http: 409 }), keep: false } : { outcome: answers.stored, keep: true }
  const { live, states, events, archive, workflow } = await scene(t, pacs)
  await live(62)
  t.strictSame(states(), ['VERIFIED', 'VERIFIED', 'DEAD'])
  t.match(events.find(({ type }) => type === 'delivery-alert'), { cause: 'refused', http: 409, reason: 0x0122 })
  t.match(archive.jobs.get(reportOf(archive)), { state: 'DEAD', errorCode: 'remote-refused' })
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  t.ok(workflow.retry(reportOf(archive)), 'a person may send it again')
  await live(2)
  t.strictSame(states(), ['VERIFIED', 'VERIFIED', 'VERIFIED'])
  t.equal(archive.jobs.get(reportOf(archive))?.state, 'DONE')
})

t.test('the report waits for its heatmaps', async t => {
  const pacs = new FakePacs()
  let refusals = 3
  pacs.answer = file => !isSr(file) && refusals-- > 0 ? { outcome: outcomeOf('busy'), keep: false } : { outcome: answers.stored, keep: true }
  const { live } = await scene(t, pacs)
  await live(60)
  t.strictSame(pacs.taken, [], 'both were refused: nothing went')
  await live(60)
  t.strictSame(pacs.taken.map(({ sopClass }) => sopClass === srClass), [false, false, true])
})

t.test('an answer that names some instances is believed for each of them alone', async t => {
  const pacs = new FakePacs()
  let first = true
  pacs.answer = () => {
    const outcome = first ? answers.stored : outcomeOf('processing-failure')
    const keep = first
    first = false
    return { outcome, keep }
  }
  const { live, states } = await scene(t, pacs)
  await live(60)
  t.strictSame(states(), ['VERIFIED', 'PENDING', 'PENDING'])
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  await live(5)
  t.strictSame(states(), ['VERIFIED', 'VERIFIED', 'VERIFIED'])
  t.equal(pacs.taken.length, 3, 'what was there is not sent again')
})

t.test('every attempt sends the same bytes', async t => {
  const pacs = new FakePacs()
  pacs.answer = () => ({ outcome: outcomeOf('busy'), keep: true })
  const { live } = await scene(t, pacs)
  await live(90)
  const hashes = pacs.taken.map(({ sop, bytes }) => `${sop} ${createHash('sha256').update(bytes).digest('hex')}`)
  t.ok(hashes.length >= 6)
  t.equal(new Set(hashes).size, 2)
})

t.test('Retry-After is honoured, up to an hour', async t => {
  for (const [retryAfterS, expected] of [[120, 120_000], [1, 2500], [1e6, 3_600_000]] as const) {
    const pacs = new FakePacs()
    pacs.answer = () => ({ outcome: outcomeOf('busy', { retryAfterS }), keep: false })
    const { live, archive, clock } = await scene(t, pacs)
    await live(60)
    t.equal(archive.deliveries.ofJob(reportOf(archive))[0]!.nextAt! - clock.at, expected)
  }
})

t.test('what was called stored and is not there is looked for, then sent again', async t => {
  const pacs = new FakePacs()
  pacs.answer = () => ({ outcome: answers.stored, keep: false })
  const { live, states } = await scene(t, pacs)
  await live(62)
  t.strictSame(states(), ['SENT', 'SENT', 'PENDING'], 'a report does not go before its heatmaps are seen')
  const before = pacs.requests
  await live(40)
  t.equal(pacs.requests > before, false, 'it is looked for first')
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  await live(300, 5)
  t.strictSame(states(), ['VERIFIED', 'VERIFIED', 'VERIFIED'])
})

t.test('a destination that takes its time is found without sending twice', async t => {
  const pacs = new FakePacs()
  const late: Parameters<FakePacs['store']>[0][number][] = []
  pacs.answer = file => { late.push(file); return { outcome: answers.stored, keep: false } }
  const { live, states } = await scene(t, pacs)
  await live(62)
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  await pacs.store(late)
  await live(60)
  t.strictSame(states(), ['VERIFIED', 'VERIFIED', 'VERIFIED'])
  t.equal(pacs.taken.length, 3, 'each once, the report after its heatmaps were seen')
})

t.test('where searching is impossible the word of the destination has to do', async t => {
  const pacs = new FakePacs()
  pacs.canBeAsked = false
  const { live, states, archive } = await scene(t, pacs)
  await live(400, 5)
  t.strictSame(states(), ['SENT', 'SENT', 'SENT'])
  t.equal(archive.jobs.get(reportOf(archive))?.state, 'DONE')
  t.equal(pacs.taken.length, 3)
})

t.test('with verification off nothing is asked', async t => {
  const pacs = new FakePacs()
  pacs.verify = false
  const { live, states } = await scene(t, pacs)
  await live(62)
  t.strictSame(states(), ['SENT', 'SENT', 'SENT'])
  t.equal(pacs.looks, 0)
})

t.test('after the deadline a delivery is given up', async t => {
  const pacs = new FakePacs()
  pacs.answer = () => ({ outcome: outcomeOf('wrong-address', { http: 404 }), keep: false })
  const { live, states, archive } = await scene(t, pacs)
  await live(60)
  await live(71 * 3600, 1800)
  t.strictSame(states(), ['PENDING', 'PENDING', 'PENDING'])
  await live(2 * 3600 + 1200, 600)
  t.strictSame(states(), ['DEAD', 'DEAD', 'DEAD'])
  t.equal(archive.deliveries.ofJob(reportOf(archive))[0]!.error, 'deadline: wrong-address')
})

t.test('a PACS that is down for 8 hours with 500 series queued gets everything once', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const pacs = new FakePacs()
  pacs.answer = () => ({ outcome: answers.unreachable, keep: false })
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { destinations: [pacs] })
  for (let i = 0; i < 500; i += 50) {
    await store(archive, ...Array.from({ length: 50 }, (_, k) => mrFile({ study: `study ${i + k}`, series: `series ${i + k}` })))
  }
  await live(workflow, clock, 120, 30)
  t.equal(archive.counters().jobs['report:DELIVERING'], 500)
  const before = pacs.requests
  await live(workflow, clock, 8 * 3600, 30)
  const minutes = 8 * 60
  t.ok(pacs.requests - before <= minutes, `${pacs.requests - before} probes in ${minutes} minutes`)
  t.ok(pacs.requests - before > minutes / 2, 'and it kept trying')
  t.equal(events.filter(({ type }) => type === 'breaker-open').length, 1)
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  await live(workflow, clock, 660, 10)
  t.strictSame(archive.counters().deliveries, { VERIFIED: 1000 })
  t.equal(archive.counters().jobs['report:DONE'], 500)
  t.equal(pacs.taken.length, 1000)
  t.equal(pacs.sops.size, 1000, 'each once')
})

t.test('deliveries go on after a restart', async t => {
  const pacs = new FakePacs()
  pacs.answer = () => ({ outcome: answers.unreachable, keep: false })
  const { live: lived, workflow, archive, clock, control } = await scene(t, pacs)
  await lived(62)
  await workflow.stop(0)
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  const next = testWorkflow(t, archive, clock, control, { destinations: [pacs] }).workflow
  await next.start()
  await live(next, clock, 120)
  await settle(next)
  t.equal(pacs.sops.size, 3)
  t.equal(archive.jobs.get(reportOf(archive))?.state, 'DONE')
})

t.test('a kill after the answer and before our note sends the same object again, under the same UID', async t => {
  const pacs = new FakePacs()
  const { live: lived, archive, states } = await scene(t, pacs)
  const update = archive.deliveries.updateAll.bind(archive.deliveries)
  archive.deliveries.updateAll = () => { throw new Error('killed') }
  await lived(60)
  t.strictSame(states(), ['PENDING', 'PENDING', 'PENDING'])
  archive.deliveries.updateAll = update
  await lived(2)
  t.strictSame(states(), ['VERIFIED', 'VERIFIED', 'VERIFIED'])
  t.equal(pacs.sops.size, 3)
})

t.test('the pause doubles to its cap, with full jitter', async t => {
  const { delivery } = defaultWorkflowSettings
  t.strictSame([0, 1, 2, 6, 7, 8, 1000].map(n => backoff(n, delivery, () => 1)), [5000, 10_000, 20_000, 320_000, 600_000, 600_000, 600_000])
  t.equal(backoff(3, delivery, () => 0), 0)
  t.equal(backoff(3, delivery, () => 0.25), 10_000)
})
