import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { type StoredFindings, writeFindings } from '../../src/analysis/findings-file.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { AppError } from '../../src/errors.ts'
import { escapeHtml, html } from '../../src/service/status/html.ts'
import { adviceFor, deliveryTodo } from '../../src/service/status/words.ts'
import type { DestinationState } from '../../src/workflow/destination-state.ts'
import type { DestinationTest } from '../../src/workflow/destination-test.ts'
import { manifestOf } from '../helpers/manifest.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { queued } from './support/queued-job.ts'
import { type TestService, testService } from './support/test-service.ts'

const own = { 'sec-fetch-site': 'same-origin' }
const series = '1.2.3.4' as Uid
const well: DestinationState = {
  id: 'pacs', url: 'http://pacs/dicom', configured: true, breaker: 'closed', openUntil: undefined, failures: 0, pending: 0, dead: 0, oldestMs: undefined,
}

async function page (service: TestService, url: string): Promise<string> {
  const answer = await service.inject({ url })
  t.equal(answer.statusCode, 200, `${url} ${answer.statusCode === 200 ? '' : answer.body}`)
  return answer.body
}

/** Text without tags, spaces joined. */
const textOf = (body: string): string => body.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

const form = (files: readonly Buffer[]): { headers: Record<string, string>, payload: Buffer } => ({
  headers: { ...own, 'content-type': 'multipart/form-data; boundary=b' },
  payload: Buffer.concat([
    ...files.flatMap(file => [Buffer.from('--b\r\nContent-Disposition: form-data; name="files"; filename="x"\r\n\r\n'), file, Buffer.from('\r\n')]),
    Buffer.from('--b--\r\n'),
  ]),
})

t.test('values in a page are escaped, markup is not escaped twice', async t => {
  t.equal(escapeHtml('<script>alert("1" & \'2\')</script>'), '&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;')
  t.equal(html`<p title="${'"><img>'}">${['<b>', html`<i>${'&'}</i>`, 3, undefined, false]}</p>`.text, '<p title="&quot;&gt;&lt;img&gt;">&lt;b&gt;<i>&amp;</i>3</p>')
})

t.test('what a sender or a destination wrote cannot become part of the page', async t => {
  const hostile = '<script>alert(1)</script>'
  const service = await testService(t, { workflow: { destinations: () => [{ ...well, id: hostile, url: hostile, dead: 1 }] } })
  const { id } = await queued(service)
  service.archive.jobs.lease(Date.now(), 1000)
  service.archive.jobs.failed(id, { code: hostile, text: hostile, crashed: false }, undefined, Date.now())
  for (const url of ['/status', `/status/jobs/${id}`, '/status/destinations']) {
    const body = await page(service, url)
    t.notMatch(body, hostile)
    t.match(body, '&lt;script&gt;alert(1)', url)
    t.notMatch(body, /Doe|PID1|ACC1|FLAIR<|Brain/, 'nothing of the patient')
  }
})

t.test('the policy permits our own files alone, and the pages use nothing else', async t => {
  const service = await testService(t)
  t.match(await service.inject({ url: '/' }), { statusCode: 303, headers: { location: '/status' } })
  for (const url of ['/status', '/status/jobs', '/status/series', '/status/destinations', '/status/upload', '/status/selection']) {
    const { headers, body } = await service.inject({ url })
    t.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self'; .*form-action 'self'.*frame-ancestors 'none'/)
    t.equal(headers['cache-control'], 'no-store')
    // with no-referrer browsers send "Origin: null" with a form (Fetch 3.1)
    t.equal(headers['referrer-policy'], 'same-origin')
    t.notMatch(body, /<style|style="|<script>|onclick|https?:\/\//)
    t.match(body, /Research use only/)
    t.match(body, /<html lang="en">[^]*<main id="content"[^]*<h1>/)
  }
  for (const [url, type] of [['/status/style.css', 'text/css; charset=utf-8'], ['/status/script.js', 'text/javascript; charset=utf-8']]) {
    t.equal((await service.inject({ url: url! })).headers['content-type'], type)
  }
  const behind = await testService(t, { settings: { publicBaseUrl: 'https://ai.hospital/tuberlens' } })
  t.match(await page(behind, '/status'), 'href="/tuberlens/status/style.css"')
  t.equal((await behind.inject({ url: '/' })).headers.location, '/tuberlens/status')
})

t.test('the overview tells what is stuck, why, and what to do', async t => {
  const service = await testService(t, {
    analysis: { engine: 'onnxruntime 1.30.0', model: 'tsc', version: '1', sha256: 'ab' },
    readiness: [{ name: 'storage', check: async () => { throw new AppError('out-of-resources', 'full') } }, { name: 'odd', check: async () => { throw new AppError('internal', 'x') } }],
    workflow: {
      destinations: () => [
        { ...well, breaker: 'open', openUntil: Date.now(), failures: 5, pending: 3, oldestMs: 5000 }, { ...well, id: 'archive' },
        { ...well, id: 'old', url: undefined, configured: false, pending: 2 }, { ...well, id: 'older', configured: false },
      ],
    },
  })
  const { id } = await queued(service)
  service.archive.jobs.lease(Date.now(), 1000)
  service.archive.jobs.failed(id, { code: 'engine-failed', text: 'the analysis process ended (9)', crashed: true }, undefined, Date.now())
  await service.store(multipart([dicomFile({ series: '1.2.3.5', sop: '1.2.3.5.1' })]))
  const text = textOf(await page(service, '/status'))
  t.match(text, /The service is not ready: storage .*What to do: Make room on the disk/)
  t.match(text, /The service is not ready: odd .*The log of the service says more/)
  t.match(text, /Destination pacs It does not answer as it should; it is asked again once a minute. 3 objects wait for it. What to do: Test it/)
  t.match(text, /Destination old 2 objects wait for it, and it is not configured any more/)
  t.notMatch(text, /Destination (archive|older)/)
  t.match(text, /Job 1 : analysis of a series The analysis process ended or hung .*What to do: Check that the machine has enough memory/)
  t.match(text, /1 series arriving .* 5 objects on their way .*1 jobs failed/)
  t.match(text, /Model tsc 1, computed by onnxruntime 1\.30\.0/)
  t.notMatch(text, /All is well/)
  t.match(textOf(await page(await testService(t), '/status')), /All is well: nothing is stuck/)
})

t.test('a job shows its timeline, its slices, its pictures and its deliveries', async t => {
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  archive.jobs.lease(Date.now(), 1000)
  const reason = { code: 'pixel-decode-failed', text: 'cut <b>' }
  const findings: StoredFindings = {
    seriesInstanceUid: series,
    reason: 'axial 2D FLAIR',
    model: { manifest: manifestOf(), sha256: 'ab', engine: 'onnxruntime 1' },
    groups: [{
      contrast: 'FLAIR',
      complete: true,
      notes: ['one gap'],
      slices: [0.9, 0.001].map((probability, i) => ({ sopInstanceUid: `1.2.3.4.${i + 1}`, frameNumber: 1, toSource: undefined, finding: { kind: 'classified' as const, probability, heatmaps: [] } }))
        .concat([{ sopInstanceUid: '1.2.3.4.3', frameNumber: 1, toSource: undefined, finding: { kind: 'failed', reason } as never }]),
    }],
    rejected: [1, 2].map(n => ({ sopInstanceUid: `1.2.3.4.1${n}`, frameNumber: 1, reason: { code: 'localizer', text: 'a localizer' } })),
  }
  await writeFindings(join(archive.spool.findings, 'f'), findings)
  archive.jobs.analysed(id, { resultPath: 'f', summary: JSON.stringify({ selected: true, reasonCode: 'selected' }), now: Date.now() })
  const body = await page(service, `/status/jobs/${id}`)
  t.equal(body.match(/<rect /g)?.length, 3)
  t.match(body, /<rect class="bar hit" x="1" y="10\.00" width="8" height="90\.00"><title>Slice 1: 0\.900/)
  t.match(body, /<rect class="none"[^>]*><title>Slice 3: cut &lt;b&gt;/)
  t.match(body, /<line class="threshold"/)
  t.match(textOf(body), /FLAIR: 1 slice of 3 at or above the threshold of 0\.5/)
  t.match(textOf(body), /Images that were left out Images Why 2 a localizer/)
  const seriesBody = textOf(await page(service, `/status/series/${series}`))
  t.match(seriesBody, /Why it was analysed It was selected: axial 2D FLAIR.*one gap.*Analyse once more/)

  const report = archive.jobs.queueReport('1.2.3' as Uid, Date.now())!
  archive.jobs.lease(Date.now(), 1000)
  const files = ['grad-cam', 'odd'].map((kind, ordinal) => {
    const bytes = dicomFile({ sop: `1.2.3.9.${ordinal + 1}`, series: '1.2.3.9', sopClass: '1.2.840.10008.5.1.4.1.1.7' })
    const path = join(service.folder, 'tmp', kind)
    writeFileSync(path, bytes)
    return { path, sha256: 'ab', bytes: bytes.length, kind, ordinal, instance: readInstance(bytes) }
  })
  const routes = [{ destination: 'pacs', kinds: undefined, sources: [] }]
  await archive.artifacts.store(archive.jobs.get(report)!, files, { routes, summary: JSON.stringify({ conclusion: 'present' }) }, Date.now())
  for (const delivery of archive.deliveries.ofJob(report)) {
    archive.deliveries.update(delivery, { state: 'DEAD', nextAt: undefined, attempted: true, http: 200, failureReason: 0x0122, error: 'refused' }, Date.now())
  }
  archive.deliveries.settle(Date.now())
  const reportBody = await page(service, `/status/jobs/${report}`)
  t.match(reportBody, '/dicom-web/studies/1.2.3/series/1.2.3.9/instances/1.2.3.9.1/thumbnail')
  t.match(reportBody, /Grad-CAM 1<\/span>[^]*odd 1<\/span>/)
  const text = textOf(reportBody)
  t.match(text, /Failed .*Result Tubers present by algorithm/)
  t.match(text, /2 given up HTTP 200, reason 0x0122: refused 1 The destination does not accept this kind of object/)
  t.match(text, /Send again/)
  t.match((await service.inject({ url: `/api/v1/jobs/${report}` })).json(), { conclusion: 'present' })
  t.match(textOf(await page(service, `/status/jobs/${report}?done=retry`)), /The job is tried again/)
  await service.archive.eraseStudy('1.2.3' as Uid, { force: true })
  t.notMatch(await page(service, `/status/jobs/${report}`), /<img/, 'pictures that are gone are not asked for')
})

t.test('the page of a series says why it was not taken, however far it came', async t => {
  const service = await testService(t)
  const { archive } = service
  const see = async () => textOf(await page(service, `/status/series/${series}`))
  await service.store(multipart([dicomFile({ sop: '1.2.3.4.9', change: { '00080060': ['00080060', 'CS', 'CT'] } })]))
  t.match(await see(), /Nothing of this series was kept.*Accepted and not kept: 1 instance \(not MR\)/)
  t.match(textOf(await page(service, '/status/series')), /Series of which nothing was kept .*1\.2\.3\.4 1 .*not MR/)
  await service.store(multipart([dicomFile()]))
  t.match(await see(), /It is still arriving: more may come.*Accepted and not kept: 1 instance.*Analyse now, as it is/)
  const close = (state: 'SKIPPED' | 'COMPLETE', why: string) => archive.series.close(archive.series.get(series)!, { state, why, now: Date.now() })
  close('SKIPPED', '1 of 3 instances by its headers')
  t.match(await see(), /It stayed incomplete \(1 of 3 instances by its headers\)/)
  archive.series.reopen(series, Date.now())
  close('COMPLETE', 'quiet')
  t.match(await see(), /It is not analysed yet.*Its analysis is waiting/)
  t.match(textOf(await page(service, '/status/series?state=COMPLETE')), /Complete 1 .*nothing more came/)
  archive.jobs.lease(Date.now(), 1000)
  archive.jobs.failed(archive.jobs.newestAnalysis(series)!.id, { code: 'strange', text: 'x', crashed: false }, undefined, Date.now())
  t.match(await see(), /It failed: x\. What to do: Try it again/)
  for (const [url, status] of [['/status/series/1.2', 404], ['/status/series/1.02', 400], ['/status/series?offset=x', 400], ['/status/jobs?state=x', 400], ['/status/jobs/7?done=x', 400],
    ['/status/jobs/7', 404], ['/status/series/find?uid=1.02', 400], ['/status/series/find', 400]] as const) {
    const answer = await service.inject({ url })
    t.equal(answer.statusCode, status, url)
    t.match(answer.body, /Back to the overview/)
  }
  t.equal((await service.inject({ url: '/status/series/find?uid=%201.2.3.4' })).headers.location, '/status/series/1.2.3.4')
  await archive.eraseStudy('1.2.3' as Uid)
  t.equal((await service.inject({ url: `/status/series/${series}` })).statusCode, 410)
})

t.test('buttons work from our own pages only, and lead to another page', async t => {
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  const post = async (path: string, headers: Record<string, string> = own) =>
    await service.inject({ method: 'POST', url: `/status${path}`, headers: { host: 'ai', 'content-type': 'application/x-www-form-urlencoded', ...headers }, payload: '' })
  for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { origin: 'http://elsewhere' }] as Record<string, string>[]) {
    for (const path of [`/jobs/${id}/cancel`, `/jobs/${id}/retry`, `/series/${series}/process`, '/destinations/pacs/test', '/upload', '/selection']) {
      t.equal((await post(path, headers)).statusCode, 403, path)
    }
  }
  t.equal(archive.jobs.get(id)!.state, 'QUEUED', 'nothing was done')
  t.match(await post(`/jobs/${id}/cancel`, { origin: 'http://ai' }), { statusCode: 303, headers: { location: `/status/jobs/${id}?done=cancel` } })
  t.equal((await post(`/jobs/${id}/cancel`)).statusCode, 409)
  t.match(textOf(await page(service, `/status/jobs/${id}?done=cancel`)), /The job was canceled.*A person canceled it/)
  t.match(await post(`/jobs/${id}/retry`), { statusCode: 303, headers: { location: `/status/jobs/${id}?done=retry` } })
  t.equal((await post(`/jobs/${id}/retry`)).statusCode, 409)
  for (const action of ['retry', 'cancel']) t.equal((await post(`/jobs/77/${action}`)).statusCode, 404)
  t.equal((await post(`/series/${series}/process`)).statusCode, 409, 'it is queued')
  t.equal((await post('/series/1.2.9/process')).statusCode, 404)
  t.equal((await post('/series/1.02/process')).statusCode, 400)
  await service.store(multipart([dicomFile({ series: '1.2.3.5', sop: '1.2.3.5.1' })]))
  t.match((await post('/series/1.2.3.5/process')).headers.location, /^\/status\/jobs\/\d+$/)
  await archive.eraseStudy('1.2.3' as Uid)
  t.equal((await post('/series/1.2.3.5/process')).statusCode, 410)
})

t.test('a destination is tested from its page', async t => {
  const looked: DestinationTest = { reachable: true, status: 200, auth: 'accepted', tls: 'ok', stow: 'yes', qido: 'yes', detail: 'The server answers searches.' }
  const results = new Map<string, DestinationTest>([['pacs', looked], ['b', { ...looked, reachable: false, status: undefined, auth: 'no-token', tls: 'certificate', qido: 'unknown', detail: 'No answer.' }]])
  const service = await testService(t, { workflow: { destinations: () => [well, { ...well, id: 'gone', url: undefined, configured: false }], testDestination: async id => results.get(id) } })
  const test = async (id: string) => await service.inject({ method: 'POST', url: `/status/destinations/${id}/test`, headers: own })
  t.match(textOf((await test('pacs')).body), /Test of pacs: The server answers searches\. Answers yes, HTTP 200 Credentials accepted, or none are needed Encryption encrypted/)
  t.match((await test('b')).body, /class="notice bad"[^]*No answer\.[^]*its certificate is not trusted/)
  t.equal((await test('none')).statusCode, 404)
  t.match(textOf(await page(service, '/status/destinations')), /pacs http:\/\/pacs\/dicom Well 0 – 0 Test destination pacs gone no longer configured Well/)
  const slow = await testService(t, { workflow: { testDestination: async (_id, signal) => { signal.throwIfAborted(); return undefined } } })
  t.intercept(AbortSignal, 'timeout', { value: () => AbortSignal.abort() })
  t.equal((await slow.inject({ method: 'POST', url: '/status/destinations/pacs/test', headers: own })).statusCode, 502)
  t.match(textOf(await page(slow, '/status/destinations')), /No destination is configured/)
})

t.test('files are uploaded from the page, and it says what became of them', async t => {
  const service = await testService(t, { settings: { maxInstanceBytes: 4000 } })
  const post = async (more: Partial<ReturnType<typeof form>>) => await service.inject({ method: 'POST', url: '/status/upload', ...form([]), ...more })
  const ct = dicomFile({ sop: '1.2.3.4.2', change: { '00080060': ['00080060', 'CS', 'CT'] } })
  const text = textOf((await post(form([dicomFile(), ct, Buffer.from('x')]))).body)
  t.match(text, /1 file stored, 1 not kept because they are not for this service, 1 refused.*Refused files Files Why 1/)
  t.match(textOf((await post(form([]))).body), /0 files stored: the form held no file/)
  t.equal((await post({ headers: { ...own, 'content-type': 'application/json' }, payload: Buffer.from('{}') })).statusCode, 415)
  t.equal((await post(form([Buffer.alloc(9000)]))).statusCode, 413)
  t.equal((await post({ payload: form([dicomFile()]).payload.subarray(0, 500) })).statusCode, 400)
  service.draining.value = true
  const refused = await post(form([dicomFile()]))
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '30')
  t.match(textOf(await page(service, '/status')), /The service is not ready: accepting/)
})

t.test('an upload from the page that stops coming is answered with 408', async t => {
  const service = await testService(t, { bodyPace: { minBytesPerSecond: 8192, intervalMs: 100, totalMs: 60_000 } })
  const { payload } = form([dicomFile()])
  const head = `POST /status/upload HTTP/1.1\r\nHost: test\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${payload.length}\r\n\r\n`
  const answer = readAnswer(await exchange(await listen(service), [head, payload.subarray(0, 500)]))
  t.match(answer, { status: 408, headers: /^connection: close/im, body: /Back to the overview/ })
  t.match(answer.headers, /^content-type: text\/html/im)
})

t.test('the selection is tried with files of either kind, and nothing is kept', async t => {
  const service = await testService(t)
  const fixtures = resolve(import.meta.dirname, '../../fixtures/flair')
  const flair = readdirSync(fixtures).map(name => readFileSync(join(fixtures, name)))
  const post = async (more: Partial<ReturnType<typeof form>>) => await service.inject({ method: 'POST', url: '/status/selection', ...form([]), ...more })
  const ct = dicomFile({ change: { '00080060': ['00080060', 'CS', 'CT'] } })
  const text = textOf((await post(form([...flair, ct, Buffer.alloc(0)]))).body)
  t.match(text, /1 of 1 series would be analysed\..*would be analysed axial 2D FLAIR.*\(FLAIR, 12 slices\)\./)
  t.match(text, /Images that would be accepted and not kept Images Why 1 not MR/)
  const json = { '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.4'] }, '00080018': { vr: 'UI', Value: ['1.2.9.1'] }, '00080060': { vr: 'CS', Value: ['MR'] }, '0020000D': { vr: 'UI', Value: ['1.2'] }, '0020000E': { vr: 'UI', Value: ['1.2.9'] } }
  t.match(textOf((await post(form([Buffer.from(JSON.stringify([json]))]))).body), /0 of 1 series would be analysed/)
  t.equal(service.stored(), 0)
  for (const files of [[Buffer.from('{"a"')], [Buffer.from('x')], []]) t.equal((await post(form(files))).statusCode, 400)
  t.equal((await post({ payload: form([dicomFile()]).payload.subarray(0, 500) })).statusCode, 400)
  t.equal((await post({ headers: { ...own, 'content-type': 'application/json' }, payload: Buffer.from('{}') })).statusCode, 415)
  t.equal((await post(form([Buffer.alloc(65 * 2 ** 20, 0x20)]))).statusCode, 413)
})

t.test('ten thousand jobs are shown a page at a time', async t => {
  const { archive, ...service } = await testService(t)
  const row = (await queued({ archive, ...service }), archive.series.get(series)!)
  for (let revision = 1; revision < 120; revision++) {
    archive.series.reopen(series, Date.now())
    archive.series.close({ ...row, state: 'OPEN', revision }, { state: 'COMPLETE', why: 'x', now: Date.now() })
  }
  const first = (await service.inject({ url: '/status/jobs?state=CANCELED' })).body
  t.equal(first.match(/<tr>/g)?.length, 51, 'fifty and the head')
  const next = /href="([^"]*)" rel="next"/.exec(first)![1]!.replaceAll('&amp;', '&')
  const second = (await service.inject({ url: next })).body
  t.match(second, />Newest</)
  const ids = (body: string) => [...body.matchAll(/status\/jobs\/(\d+)"/g)].map(match => Number(match[1]))
  t.equal(ids(second)[0], ids(first).at(-1)! - 1)
  const overview = (await service.inject({ url: '/status' })).body
  t.ok(overview.match(/<tr>/g)!.length < 50)
  for (let n = 0; n < 60; n++) await service.store(multipart([dicomFile({ series: `1.2.4.${n}`, sop: `1.2.4.${n}.1` })]))
  const list = (await service.inject({ url: '/status/series' })).body
  t.match(list, 'offset=50" rel="next"')
  t.match((await service.inject({ url: '/status/series?offset=50&state=OPEN' })).body, />Newest</)
})

t.test('every advice says what to do', async t => {
  t.equal(adviceFor({ errorCode: undefined, errorText: undefined }), undefined)
  t.match(adviceFor({ errorCode: 'new', errorText: undefined }), { what: 'It failed: new.' })
  t.match(deliveryTodo('deadline: unreachable'), /in time/)
  t.equal(deliveryTodo('new'), undefined)
})
