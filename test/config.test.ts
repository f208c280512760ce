import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { configVariables, describeConfig, loadConfig } from '../src/config.ts'
import type { Environment } from '../src/config.ts'
import { AppError } from '../src/errors.ts'
import { runCli } from './helpers/cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'tuberlens-config-'))
t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
const secretFile = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function problemsOf (environment: Environment): string {
  try {
    loadConfig(environment)
  } catch (error) {
    if (error instanceof AppError && error.code === 'config-invalid') return error.message
    throw error
  }
  return ''
}

t.test('an empty environment gives the defaults of the specification', async t => {
  const config = loadConfig({ PATH: '/bin' })
  t.match(config, { host: '127.0.0.1', port: 8080, destinations: [], publicBaseUrl: undefined, logLevel: 'info', reserveBytes: 2 ** 30 })
  t.match(config.workflow.lifecycle, { seriesQuietMs: 60_000, seriesMaxWaitMs: 900_000, studyQuietMs: 60_000, reanalyseMax: 3 })
  t.equal(config.workflow.delivery.deadlineMs, 72 * 3_600_000)
  t.match(config.workflow.retention, { inputsMs: 86_400_000, resultsMs: 30 * 86_400_000, deadMs: 7 * 86_400_000, watermark: 0.85 })
  t.match(config.reception, { maxRequestBytes: 4 * 2 ** 30, maxInstanceBytes: 512 * 2 ** 20, maxParts: 10_000, strict: false })
  t.match(config, { quotaBytes: undefined, duplicates: 'refuse' })
  t.match(config.reception, { rateLimit: 0, issuerOfPatientId: undefined }, 'a sender is never held up, nothing is coerced')
  t.strictSame(config.analysis.methods, ['grad-cam', 'saliency'])
  t.same(config.report, { srSopClass: '88.34', scModality: 'MR', stationName: 'TUBERLENS', keyObjects: false, pdf: false, objects: { heatmapScope: { of: 'all' }, srScope: 'series', multiFrame: false, parametricMaps: false, compression: 'none' } })
})

t.test('values are read with their units', async t => {
  const config = loadConfig({
    TUBERLENS_PORT: '0',
    TUBERLENS_METRICS_PORT: '9464',
    TUBERLENS_METRICS_TOKEN_FILE: '/run/secrets/metrics',
    TUBERLENS_SERIES_QUIET_S: '0.5',
    TUBERLENS_MAX_INSTANCE_BYTES: '3K',
    TUBERLENS_MAX_REQUEST_BYTES: '12345',
    TUBERLENS_HEATMAP_METHODS: '',
    TUBERLENS_TRUST_PROXY: '10.0.0.1, 10.0.0.2',
    TUBERLENS_PDF_REPORT: 'true',
    TUBERLENS_KEY_OBJECT_SELECTION: 'true',
    TUBERLENS_HEATMAP_SCOPE: 'top-5',
    TUBERLENS_SR_SCOPE: 'study',
    TUBERLENS_HEATMAP_MULTIFRAME: 'true',
    TUBERLENS_PARAMETRIC_MAPS: 'true',
    TUBERLENS_SC_COMPRESSION: 'rle',
    TUBERLENS_CORS_ORIGINS: 'https://viewer.example,http://localhost:3000',
    TUBERLENS_RENDER_MAX_PIXELS: '1000',
    TUBERLENS_DICOMWEB_STRICT: 'true',
    TUBERLENS_PUBLIC_BASE_URL: 'https://ai.example/tubers/',
    TUBERLENS_WORKER_THREADS: '3',
    TUBERLENS_MODEL_DIR: '',
    TUBERLENS_SPOOL_QUOTA: '5G',
    TUBERLENS_RATE_LIMIT: '6000',
    TUBERLENS_DUPLICATE_POLICY: 'replace',
    TUBERLENS_COERCE_ISSUER_OF_PATIENT_ID: 'General Hospital',
  })
  t.match(config, { quotaBytes: 5 * 2 ** 30, duplicates: 'replace' })
  t.match(config.reception, { rateLimit: 6000, issuerOfPatientId: 'General Hospital' })
  t.match(config, { port: 0, publicBaseUrl: 'https://ai.example/tubers' })
  t.strictSame(config.metrics, { host: '127.0.0.1', port: 9464, tokenFile: '/run/secrets/metrics' }, 'not beyond this machine unless that is said')
  t.equal(loadConfig({ TUBERLENS_METRICS_HOST: '0.0.0.0' }).metrics.host, '0.0.0.0')
  t.match(config.workflow.lifecycle, { seriesQuietMs: 500, graceMs: 500 })
  t.match(config.reception, { maxInstanceBytes: 3072, maxRequestBytes: 12_345, strict: true })
  t.strictSame(config.reception.trustProxy, ['10.0.0.1', '10.0.0.2'])
  t.strictSame(config.web, { renderMaxPixels: 1000, corsOrigins: ['https://viewer.example', 'http://localhost:3000'], allowedHosts: [], connectionsPerAddress: 256 })
  t.strictSame(config.analysis.methods, [])
  t.match(config.report, { keyObjects: true, pdf: true, objects: { heatmapScope: { of: 'top', k: 5 }, srScope: 'study', multiFrame: true, parametricMaps: true, compression: 'rle' } })
  t.equal(config.analysis.threads, 3)
  t.equal(config.analysis.modelDir, undefined, 'an empty variable without a default is absent')
})

t.test('the configuration cannot be changed, however deep', async t => {
  const config = loadConfig({})
  t.throws(() => { (config.workflow.lifecycle as { seriesQuietMs: number }).seriesQuietMs = 1 }, TypeError)
  t.throws(() => { (config.analysis.methods as string[]).push('evidence') }, TypeError)
})

t.test('every bad value is named, all at once, and no value is echoed', async t => {
  const bad: Record<string, string> = {
    HOST: '',
    PORT: '65536',
    PUBLIC_BASE_URL: 'canary-1',
    ENGINE: 'canary-2',
    DEVICE: 'canary-19',
    WORKER_THREADS: '0',
    PACS_URL: 'https://canary-3:canary-4@pacs.example/dicom-web',
    PACS_CHUNKED: 'canary-5',
    PACS_VERIFY: 'canary-6',
    DELIVERY_DEADLINE_H: '-1',
    SERIES_QUIET_S: '1e3',
    SERIES_MAX_WAIT_S: 'canary-7',
    STUDY_QUIET_S: ' 5',
    ON_INCOMPLETE: 'canary-8',
    REANALYSE_MAX: '1.5',
    ANALYSIS_TIMEOUT_S: '0',
    HEATMAP_METHODS: 'grad-cam,canary-9',
    SR_SOP_CLASS: '88.11',
    SC_MODALITY: 'CT',
    STATION_NAME: 'a name that is too long',
    INELIGIBLE_POLICY: 'canary-10',
    DICOMWEB_STRICT: 'yes',
    MAX_REQUEST_BYTES: '4 GB',
    MAX_INSTANCE_BYTES: '0',
    MAX_PARTS: '0',
    STOW_MAX_CONCURRENT: 'canary-11',
    DISK_RESERVE: '1T',
    SPOOL_QUOTA: '0',
    RATE_LIMIT: '-1',
    DUPLICATE_POLICY: 'canary-16',
    COERCE_ISSUER_OF_PATIENT_ID: 'canary\\17',
    DISK_WATERMARK: '101',
    KEEP_INPUTS_H: 'canary-12',
    KEEP_RESULTS_D: '0',
    KEEP_DEAD_D: '0',
    LOG_LEVEL: 'canary-13',
    RENDER_MAX_PIXELS: '0',
    CORS_ORIGINS: 'https://viewer.example, https://canary.example/page',
    DEBUG: 'true',
    METRICS_PORT: '0',
    METRICS_HOST: '',
    PACS_TOKEN: 'canary-18',
    WORKLIST_QUERY: 'canary-19=1',
    WORKLIST_POLL_S: 'canary-20',
    WORKLIST_AE_TITLE: 'canary-21 is too long',
    WEBHOOK_URL: 'https://user:canary-22@hooks.example',
    WEBHOOK_SECRET: 'whsec_canary-23',
    KEY_OBJECT_SELECTION: 'canary-24',
    PDF_REPORT: 'canary-25',
    AUTH: 'basic,canary-26',
    ALLOW_UNAUTHENTICATED: 'canary-27',
    OIDC_ISSUER: 'canary-28',
    OIDC_JWKS_URL: 'file:///canary-29',
    OIDC_ALGORITHMS: 'none',
    OIDC_CLOCK_SKEW_S: 'canary-30',
    OIDC_SCOPES: 'canary-31',
    OIDC_CLIENT_SECRET: 'canary-32',
    TLS_CLIENT_CERTIFICATE: 'canary-33',
    TLS_KEY: 'canary-34',
    TRUST_PROXY: '10.0.0.0/canary-35',
    ALLOWED_HOSTS: 'https://canary-36',
    CONNECTIONS_PER_ADDRESS: 'canary-37',
    AUDIT_SYSLOG: 'canary-38',
    PACS_PASSWROD: 'canary-14',
    PACS_USER: 'canary:15',
  }
  const message = problemsOf(Object.fromEntries(Object.entries(bad).map(([name, value]) => [`TUBERLENS_${name}`, value])))
  for (const name of Object.keys(bad)) t.match(message, new RegExp(`^ {2}TUBERLENS_${name} `, 'm'), name)
  t.notMatch(message, /canary/, 'values may be secrets in the wrong place')
  t.match(message, `${Object.keys(bad).length} errors`)
  t.ok(Object.keys(bad).length >= 60)
  const run = await runCli(['serve'], Object.fromEntries(Object.entries(bad).map(([name, value]) => [`TUBERLENS_${name}`, value])))
  t.equal(run.code, 78)
  t.equal(run.stderr, `tuberlens: ${message}\n`)
})

t.test('an unknown variable of ours is an error, of others none', async t => {
  t.match(problemsOf({ TUBERLENS_PROT: '1' }), 'TUBERLENS_PROT is not a variable of tuberlens')
  t.equal(problemsOf({ TUBERLENSES: '1', PORT: 'x', TUBERLENS_TEST_DATA: '/data', TUBERLENS_REQUIRE_DATA: '1' }), '')
})

t.test('settings that contradict each other are errors', async t => {
  const password = secretFile('password', 'hunter2-canary\n')
  t.match(problemsOf({ TUBERLENS_SERIES_QUIET_S: '100', TUBERLENS_SERIES_MAX_WAIT_S: '50' }), 'TUBERLENS_SERIES_MAX_WAIT_S')
  t.match(problemsOf({ TUBERLENS_PACS_URL: 'http://pacs/x', TUBERLENS_PACS_USER: 'u' }), 'go together')
  t.match(problemsOf({ TUBERLENS_PACS_USER: 'u', TUBERLENS_PACS_PASSWORD_FILE: password }), 'TUBERLENS_PACS_URL is missing')
  t.match(problemsOf({ TUBERLENS_PACS_URL: 'http://pacs/x', TUBERLENS_PACS_USER: 'u', TUBERLENS_PACS_PASSWORD_FILE: password, TUBERLENS_PACS_TOKEN_FILE: password }), 'excludes')
  t.match(problemsOf({ TUBERLENS_PACS_URL: 'ftp://pacs/x' }), 'TUBERLENS_PACS_URL must be')
})

t.test('secrets come from files and are never shown', async t => {
  const password = secretFile('pw', 'hunter2-canary\n')
  const basic = loadConfig({ TUBERLENS_PACS_URL: 'http://pacs.example/dicom-web/', TUBERLENS_PACS_USER: 'tuber', TUBERLENS_PACS_PASSWORD_FILE: password })
  t.strictSame(basic.destinations, [{
    id: 'pacs',
    url: 'http://pacs.example/dicom-web',
    auth: { kind: 'basic', username: 'tuber', passwordFile: password },
    tls: {},
    filter: 'all',
    objects: ['sr', 'summary', 'grad-cam', 'saliency', 'evidence', 'parametric-map', 'key-objects', 'pdf'],
    verify: 'qido',
    chunked: false,
    source: true,
    maxInstancesPerRequest: 20,
    maxBytesPerRequest: 52_428_800,
  }], 'one destination, everything that is made here, also the source')
  const shown = JSON.stringify(describeConfig(basic))
  t.notMatch(shown, 'hunter2')
  t.match(shown, 'pacs.example')
  const bearer = loadConfig({ TUBERLENS_PACS_URL: 'http://pacs.example', TUBERLENS_PACS_TOKEN_FILE: password })
  t.match(bearer.destinations[0]?.auth, { kind: 'bearer', tokenFile: password })
  t.notMatch(JSON.stringify(describeConfig(bearer)), 'hunter2')
})

t.test('a webhook needs its secret', async t => {
  const secret = secretFile('webhook', `whsec_${Buffer.alloc(24, 1).toString('base64')}\n`)
  const config = loadConfig({ TUBERLENS_WEBHOOK_URL: 'https://hooks.example/path-canary', TUBERLENS_WEBHOOK_SECRET_FILE: secret })
  t.strictSame(config.webhook, { url: 'https://hooks.example/path-canary', secretFile: secret })
  t.match(JSON.stringify(describeConfig(config)), 'https://hooks.example/(hidden)')
  t.notMatch(JSON.stringify(describeConfig(config)), /canary|whsec_/)
  t.match(problemsOf({ TUBERLENS_WEBHOOK_URL: 'https://hooks.example' }), 'go together')
  t.match(problemsOf({ TUBERLENS_WEBHOOK_SECRET_FILE: secret }), 'go together')
  const wrong = problemsOf({ TUBERLENS_WEBHOOK_URL: 'https://hooks.example', TUBERLENS_WEBHOOK_SECRET_FILE: secretFile('weak', 'whsec_canary') })
  t.match(wrong, 'TUBERLENS_WEBHOOK_SECRET_FILE must hold whsec_')
  t.notMatch(wrong, 'canary')
  t.match(problemsOf({ TUBERLENS_WEBHOOK_URL: 'https://hooks.example', TUBERLENS_WEBHOOK_SECRET_FILE: join(folder, 'absent') }), 'cannot be read')
  t.equal(loadConfig({}).webhook, undefined)
})

t.test('destinations come from a file, with their defaults', async t => {
  const secret = secretFile('oauth', 'hunter2-canary')
  const destinations = (list: unknown) => ({ TUBERLENS_DESTINATIONS_FILE: secretFile('destinations.json', typeof list === 'string' ? list : JSON.stringify(list)) })
  const oauth2 = { kind: 'oauth2', tokenUrl: 'https://login.example/token', clientId: 'id', clientSecretFile: secret, scope: 'dicom' }
  const config = loadConfig(destinations([
    { id: 'archive', url: 'http://pacs.example/dicom-web/', source: true },
    { id: 'reader', url: 'https://reader.example', filter: 'positive', objects: ['sr', 'source'], auth: oauth2, verify: 'wado', chunked: true, maxInstancesPerRequest: 1, maxBytesPerRequest: 1000 },
  ]))
  t.match(config.destinations, [
    { id: 'archive', url: 'http://pacs.example/dicom-web', filter: 'all', auth: { kind: 'none' }, source: true, verify: 'qido', objects: ['sr', 'summary', 'grad-cam', 'saliency', 'evidence', 'parametric-map', 'key-objects', 'pdf'] },
    { id: 'reader', filter: 'positive', objects: ['sr', 'source'], auth: oauth2, source: false, chunked: true, maxInstancesPerRequest: 1 },
  ])
  t.ok(Object.isFrozen(config.destinations[1]?.auth))
  t.notMatch(JSON.stringify(describeConfig(config)), 'hunter2')

  const at = (change: object) => problemsOf(destinations([{ id: 'a', url: 'https://a.example', ...change }]))
  const table: readonly [object, string | RegExp][] = [
    [{ id: 'A b canary' }, '[0].id must be 1 to 32'],
    [{ url: 'https://user:canary@a.example' }, '[0].url must be an http or https URL without user'],
    [{ url: 7 }, '[0].url must be a text'],
    [{ filter: 'canary' }, '[0].filter must be one of all, positive, positive-or-undetermined'],
    [{ objects: ['sr', 'canary'] }, '[0].objects[1] must be one of sr, summary'],
    [{ objects: [] }, '[0].objects must not be empty'],
    [{ objects: 'sr' }, '[0].objects must be a list'],
    [{ verify: 'canary' }, '[0].verify must be one of'],
    [{ chunked: 'canary' }, '[0].chunked must be true or false'],
    [{ maxInstancesPerRequest: 0 }, '[0].maxInstancesPerRequest must be a whole number from 1'],
    [{ maxBytesPerRequest: 1.5 }, '[0].maxBytesPerRequest must be a whole number'],
    [{ auth: { kind: 'canary' } }, /\[0\]\.auth\S* must have a kind that is one of none, basic, bearer, oauth2/],
    [{ auth: 'canary' }, '[0].auth must have a kind'],
    [{ auth: { kind: 'basic', username: 'u:canary', passwordFile: '' } }, '[0].auth.username must not hold a colon'],
    [{ auth: { kind: 'basic', username: 'u', passwordFile: '' } }, '[0].auth.passwordFile must name a file'],
    [{ auth: { kind: 'basic', username: 'u', passwordFile: secret, password: 'canary' } }, /\[0\]\.auth .*password/],
    [{ auth: { kind: 'bearer', tokenFile: join(folder, 'absent') } }, '[0].auth.tokenFile names a file that cannot be read'],
    [{ auth: { ...oauth2, clientSecretFile: secretFile('void', ' ') } }, '[0].auth.clientSecretFile names an empty file'],
    [{ auth: { ...oauth2, tokenUrl: 'canary' } }, '[0].auth.tokenUrl must be an http'],
    [{ tls: { caFile: secret } }, '[0].tls names files that are not certificates'],
    [{ tls: { certFile: secret } }, '[0].tls needs certFile and keyFile together'],
    [{ url: 'http://a.example', tls: { caFile: secret } }, '[0].tls has no meaning for an http URL'],
    [{ tls: 'canary' }, '[0].tls must be an object'],
    [{ source: true, objects: ['source'] }, '[0].objects must not list source where the images come from'],
    [{ pasword: 'canary' }, '[0] has unknown names: pasword'],
  ]
  for (const [change, expected] of table) {
    const found = at(change)
    t.match(found, expected, JSON.stringify(change))
    t.match(found, '  TUBERLENS_DESTINATIONS_FILE [0]')
    t.notMatch(found, 'canary', 'values may be secrets in the wrong place')
  }
  const two = [{ id: 'a', url: 'http://a.example', source: true }, { id: 'a', url: 'http://b.example', source: true }]
  t.match(problemsOf(destinations(two)), /3 errors|2 errors/)
  t.match(problemsOf(destinations(two)), '[1].id is used twice')
  t.match(problemsOf(destinations(two)), '[1].source may be true of one destination only')
  for (const [list, expected] of [['[', 'is not JSON'], [{}, 'must hold a list'], [[], 'must hold at least one'], [['x'], '[0] must be an object']] as const) {
    t.match(problemsOf(destinations(list)), `TUBERLENS_DESTINATIONS_FILE ${expected}`)
  }
  t.match(problemsOf({ TUBERLENS_DESTINATIONS_FILE: join(folder, 'absent') }), 'names a file that cannot be read')
  t.match(problemsOf({ ...destinations([{ id: 'a', url: 'http://a.example' }]), TUBERLENS_PACS_URL: 'http://b.example' }), 'TUBERLENS_DESTINATIONS_FILE excludes TUBERLENS_PACS_URL')
})

t.test('a secret that cannot be read is named by its variable', async t => {
  const none = problemsOf({ TUBERLENS_PACS_URL: 'http://p', TUBERLENS_PACS_USER: 'u', TUBERLENS_PACS_PASSWORD_FILE: join(folder, 'absent') })
  t.match(none, 'TUBERLENS_PACS_PASSWORD_FILE names a file that cannot be read')
  t.match(problemsOf({ TUBERLENS_PACS_URL: 'http://p', TUBERLENS_PACS_TOKEN_FILE: secretFile('empty', ' \n') }), 'TUBERLENS_PACS_TOKEN_FILE names an empty file')
})

t.test('every default in the table is the one that is used', async t => {
  const stated = configVariables.filter(v => v.default !== '' && !/ /.test(v.default))
  t.ok(stated.length > 25)
  t.strictSame(loadConfig(Object.fromEntries(stated.map(v => [v.name, v.default]))), loadConfig({}))
})

t.test('a worklist belongs to a destination and is asked by DICOM attributes', async t => {
  t.equal(loadConfig({}).worklist, undefined)
  const { worklist } = loadConfig({
    TUBERLENS_PACS_URL: 'http://pacs/rs', TUBERLENS_WORKLIST_DESTINATION: 'pacs', TUBERLENS_WORKLIST_QUERY: 'WorklistLabel=TSC+AI&00741204=x', TUBERLENS_WORKLIST_POLL_S: '5',
  })
  t.strictSame(worklist, { destination: 'pacs', query: { WorklistLabel: 'TSC AI', '00741204': 'x' }, pollMs: 5000, requester: undefined })
  for (const [environment, text] of [
    [{ TUBERLENS_WORKLIST_DESTINATION: 'pacs' }, 'TUBERLENS_WORKLIST_DESTINATION is not the id of a destination'],
    [{ TUBERLENS_WORKLIST_QUERY: 'NoSuchAttribute=1' }, 'TUBERLENS_WORKLIST_QUERY must name DICOM attributes'],
    [{ TUBERLENS_WORKLIST_QUERY: 'ProcedureStepState=COMPLETED' }, 'TUBERLENS_WORKLIST_QUERY must name DICOM attributes'],
    [{ TUBERLENS_WORKLIST_AE_TITLE: 'much too long an AE title' }, 'TUBERLENS_WORKLIST_AE_TITLE must be an AE title'],
  ] as const) t.throws(() => loadConfig(environment), { code: 'config-invalid', message: text })
})
