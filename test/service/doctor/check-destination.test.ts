import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { destinationsSchema } from '../../../src/workflow/destination-settings.ts'
import { checkDestination } from '../../../src/service/doctor/check-destination.ts'
import { certificate } from '../../helpers/certificates.ts'
import { freePort } from '../../helpers/orthanc.ts'
import { stubPacs } from './stub-pacs.ts'

const day = 86_400_000

async function look (settings: object, now = Date.now) {
  const [destination] = destinationsSchema.parse([{ id: 'pacs', ...settings }])
  return await checkDestination(destination!, { now, signal: new AbortController().signal })
}

t.test('a PACS that answers searches and tells the same time is in order', async t => {
  const url = await stubPacs(t, (_request, response) => { response.writeHead(204).end() })
  t.match(await look({ url }), [
    { area: 'destination pacs', state: 'ok', found: `${url} answers searches and takes the credentials` },
    { area: 'clock', state: 'ok', found: /^[01] s (ahead of|behind) pacs$/ },
  ])
})

t.test('a PACS that refuses is told by what was shown to it', async t => {
  const url = await stubPacs(t, (_request, response) => { response.writeHead(401).end() })
  t.match(await look({ url }), [{ state: 'failure', found: /refuses the credentials \(401\)/, todo: /give it credentials/ }])
  const passwordFile = join(t.testdir({ password: 'wrong' }), 'password')
  const checks = await look({ url, auth: { kind: 'basic', username: 'u', passwordFile } })
  t.match(checks, [{ state: 'failure', todo: /check user and password/ }, { state: 'warning', found: /plain HTTP/ }])
  t.notMatch(JSON.stringify(checks), 'wrong')
})

t.test('each other answer has its meaning', async t => {
  const table: readonly [number, object, object, object][] = [
    [404, {}, {}, { state: 'failure', todo: /DICOMweb root; where it has no QIDO-RS/ }],
    [404, {}, { verify: 'none' }, { state: 'warning', todo: /DICOMweb root$/ }],
    [302, {}, {}, { state: 'warning' }],
    [500, {}, {}, { state: 'failure', todo: 'look into its log' }],
    [200, { allow: 'GET' }, {}, { state: 'failure', found: /takes no studies/ }],
  ]
  for (const [status, headers, settings, expected] of table) {
    const url = await stubPacs(t, (_request, response) => { response.writeHead(status, { ...headers }).end() })
    t.match((await look({ url, ...settings }))[0], expected, String(status))
  }
})

t.test('a clock that differs is told in seconds, and which one is ahead', async t => {
  const url = await stubPacs(t, (_request, response) => { response.sendDate = false; response.writeHead(204, { date: 'Mon, 23 Nov 2026 12:00:00 GMT' }).end() })
  const there = Date.UTC(2026, 10, 23, 12)
  t.match((await look({ url }, () => there + 20_000)).at(-1), { area: 'clock', state: 'ok', found: '20 s ahead of pacs' })
  t.match((await look({ url }, () => there - 90_000)).at(-1), { area: 'clock', state: 'warning', found: '90 s behind pacs', todo: /NTP/ })
  t.match((await look({ url }, () => there + 3_600_000)).at(-1), { area: 'clock', state: 'failure', found: '3600 s ahead of pacs' })
  const silent = await stubPacs(t, (_request, response) => { response.sendDate = false; response.writeHead(204).end() })
  t.match((await look({ url: silent })).at(-1), { area: 'clock', state: 'ok', found: 'pacs does not tell its time' })
})

t.test('a PACS that does not answer is told by what to look at', async t => {
  t.match(await look({ url: `http://127.0.0.1:${await freePort()}/dicom-web` }), [{ state: 'failure', found: /no connection/, todo: /name, port, firewall/ }])
  t.match(await look({ url: 'http://pacs.invalid/dicom-web' }), [{ state: 'failure', found: /cannot be resolved/ }])
  t.match(await look({ url: `https://127.0.0.1:${await freePort()}/dicom-web` }), [{ state: 'failure', found: /no connection/ }])
  const tokenFile = join(t.testdir(), 'absent')
  t.match(await look({ url: 'http://127.0.0.1:1/rs', auth: { kind: 'bearer', tokenFile } }), [{ state: 'failure', todo: /check the secret/ }])
})

t.test('a certificate is told that expires, has expired, is for another host, or is not trusted', async t => {
  const folder = t.testdir()
  const ca = certificate('CA')
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, ca.cert)
  const answer = (_request: unknown, response: { writeHead: (status: number) => { end: () => void } }) => { response.writeHead(204).end() }
  const good = await stubPacs(t, answer, certificate('pacs', { issuer: ca }))
  t.match(await look({ url: good, tls: { caFile } }), [{ state: 'ok' }, { state: 'warning', found: /valid until .*, (9|10) days from now/ }, { area: 'clock' }])
  t.match(await look({ url: good }), [{ state: 'failure', found: /certificate/, todo: /trust its issuer/ }, { state: 'failure', found: /not trusted \(\w+\)/ }, { state: 'warning' }])

  const expired = await stubPacs(t, answer, certificate('pacs', { issuer: ca, expired: true }))
  t.match(await look({ url: expired, tls: { caFile } }), [{ state: 'failure', found: /certificate/ }, { state: 'failure', found: /its certificate expired on \d{4}-/ }])

  const other = await stubPacs(t, answer, certificate('pacs', { issuer: ca, host: 'elsewhere.example' }))
  t.match(await look({ url: other, tls: { caFile } }), [{ state: 'failure' }, { state: 'failure', found: 'its certificate is not for 127.0.0.1', todo: /use the name/ }, { state: 'warning' }])

  const named = await stubPacs(t, answer, certificate('pacs', { issuer: ca }), 'localhost')
  t.match(await look({ url: named, tls: { caFile } }, () => Date.now() - 20 * day), [{ state: 'ok' }, { state: 'failure', found: /not valid before/ }, { area: 'clock', state: 'failure' }])
})
