import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { Agent, request } from 'undici'
import { verifyAudit } from '../../src/archive/verify-audit.ts'
import { loadConfig } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'
import { serve } from '../../src/service/server.ts'
import { AnalysisProcess } from '../../src/workflow/analysis-process.ts'
import { reasonWithoutCuda } from '../helpers/cuda.ts'
import { certificate, servedName } from '../helpers/certificates.ts'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'

const tinyModel = resolve(import.meta.dirname, '../../fixtures/tiny-model')

t.test('the service starts, keeps what it acknowledged over a restart, and stops', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-serve-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const config = loadConfig({ TUBERLENS_PORT: '0', TUBERLENS_DATA_DIR: folder, TUBERLENS_MODEL_DIR: tinyModel, TUBERLENS_LOG_LEVEL: 'silent' })
  const first = await serve(config, { ownsProcess: false })
  t.equal((await fetch(`${first.url}/livez`)).status, 200)
  t.equal((await fetch(`${first.url}/readyz`)).status, 200)
  const stored = await fetch(`${first.url}/dicom-web/studies`, { method: 'POST', headers: { 'content-type': multipartType }, body: multipart([dicomFile()]) })
  t.equal(stored.status, 200)
  await t.rejects(serve(config, { ownsProcess: false }), { code: 'conflict' }, 'the data folder has one process')
  await Promise.all([first.close(), first.close()])
  await first.stopped
  await t.rejects(fetch(`${first.url}/livez`))

  const listeners = process.listenerCount('SIGTERM')
  const second = await serve(config)
  const found = await fetch(`${second.url}/dicom-web/instances`)
  t.equal((await found.json() as unknown[]).length, 1)
  await second.close()
  t.equal(process.listenerCount('SIGTERM'), listeners, 'signals are given back')
})

t.test('the running service has its metrics, and a trail of what was done', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-serve-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'token'), 'secret\n')
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise(resolve => free.close(resolve))
  const service = await serve(loadConfig({
    TUBERLENS_PORT: '0',
    TUBERLENS_DATA_DIR: folder,
    TUBERLENS_MODEL_DIR: tinyModel,
    TUBERLENS_LOG_LEVEL: 'silent',
    TUBERLENS_METRICS_PORT: String(port),
    TUBERLENS_METRICS_TOKEN_FILE: join(folder, 'token'),
  }), { ownsProcess: false })
  await fetch(`${service.url}/dicom-web/studies`, { method: 'POST', headers: { 'content-type': multipartType }, body: multipart([dicomFile()]) })
  const bearer = { headers: { authorization: 'Bearer secret' } }
  t.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 401, 'a token that is set is wanted at both ports')
  const own = await (await fetch(`http://127.0.0.1:${port}/metrics`, bearer)).text()
  t.match(own, /^tuberlens_series_open 1$/m)
  t.match(own, /^tuberlens_disk_free_bytes [1-9]/m)
  t.match(own, /^tuberlens_spool_bytes [1-9]/m)
  const shared = await fetch(`${service.url}/metrics`, bearer)
  t.match(await shared.text(), /^tuberlens_stow_instances_total\{outcome="stored",reason="none"\} 1$/m)
  await service.close()
  await t.rejects(fetch(`http://127.0.0.1:${port}/metrics`))
  const [name] = readdirSync(join(folder, 'audit'))
  const trail = join(folder, 'audit', name!)
  t.match(await verifyAudit(trail), { records: 3 })
  const actions = readFileSync(trail, 'utf8').trimEnd().split('\n').map(line => (JSON.parse(line) as { action: string }).action)
  t.strictSame(actions, ['start', 'import', 'stop'])
  t.notMatch(readFileSync(trail, 'utf8'), /Doe|PID1|"1\.2\.3"/)
})

t.test('the service is not ready while its analysis process cannot be started', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-serve-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  t.intercept(AnalysisProcess.prototype, 'checkStart', {
    value: () => { throw new AppError('engine-unavailable', 'the analysis process cannot be started') },
  })
  const config = loadConfig({ TUBERLENS_PORT: '0', TUBERLENS_DATA_DIR: folder, TUBERLENS_MODEL_DIR: tinyModel, TUBERLENS_LOG_LEVEL: 'silent' })
  const service = await serve(config, { ownsProcess: false })
  t.teardown(() => service.close())
  const answer = await fetch(`${service.url}/readyz`)
  t.equal(answer.status, 503)
  const { analysis, ...state } = await answer.json() as { analysis: object }
  t.strictSame(state, {
    status: 'not ready', checks: [{ name: 'storage', ok: true }, { name: 'workflow', ok: false, reason: 'engine-unavailable' }],
  })
  t.match(analysis, { engine: /^onnxruntime /, model: 'tiny', version: /^\d/, sha256: /^[0-9a-f]{64}$/ })
})

t.test('an address that is none of this machine stops the start', async t => {
  const config = (host: string) => loadConfig({ TUBERLENS_HOST: host, TUBERLENS_ALLOW_UNAUTHENTICATED: 'true', TUBERLENS_PORT: '0', TUBERLENS_DATA_DIR: t.testdir(), TUBERLENS_MODEL_DIR: tinyModel, TUBERLENS_LOG_LEVEL: 'silent' })
  await t.rejects(serve(config('no-such-name.invalid'), { ownsProcess: false }), { code: 'config-invalid', message: /TUBERLENS_HOST .*\(\w+\)$/ })
  await t.rejects(serve(config('192.0.2.1'), { ownsProcess: false }), { code: 'config-invalid', message: /\(EADDRNOTAVAIL\)$/ })
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => { taken.close() })
  const busy = { ...config('127.0.0.1'), port: (taken.address() as AddressInfo).port }
  await t.rejects(serve(busy, { ownsProcess: false }), { code: 'conflict', message: /TUBERLENS_PORT/ })
})

t.test('a GPU that is asked for and cannot be used stops the start as an error of the configuration', async t => {
  if (await reasonWithoutCuda() === undefined) {
    t.skip('this machine has CUDA', () => undefined)
    return
  }
  const config = loadConfig({ TUBERLENS_PORT: '0', TUBERLENS_DATA_DIR: t.testdir(), TUBERLENS_MODEL_DIR: tinyModel, TUBERLENS_LOG_LEVEL: 'silent', TUBERLENS_DEVICE: 'cuda' })
  const message = /^TUBERLENS_DEVICE: onnxruntime cannot compute on CUDA here: its CUDA libraries are not installed/
  await t.rejects(serve(config, { ownsProcess: false }), { code: 'config-invalid', message })
})

t.test('a model that is not there stops the start', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-serve-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const config = loadConfig({ TUBERLENS_PORT: '0', TUBERLENS_DATA_DIR: folder, TUBERLENS_MODEL_DIR: join(folder, 'none'), TUBERLENS_LOG_LEVEL: 'silent' })
  await t.rejects(serve(config, { ownsProcess: false }), { code: 'model-not-found' })
})

t.test('the service speaks HTTPS, asks for a token, and takes up a new certificate at SIGHUP', async t => {
  const ca = certificate('Hospital CA')
  const [first, second] = [certificate('first', { issuer: ca }), certificate('second', { issuer: ca })]
  const folder = t.testdir({ cert: first.cert, key: first.key, clients: `viewer read token:${createHash('sha256').update('secret').digest('hex')}\n`, data: {} })
  const at = (name: string) => join(folder, name)
  const listeners = process.listenerCount('SIGHUP')
  const service = await serve(loadConfig({
    // of two addresses, only one of which would take up certificates
    TUBERLENS_HOST: 'localhost',
    TUBERLENS_PORT: '0', TUBERLENS_DATA_DIR: at('data'), TUBERLENS_MODEL_DIR: tinyModel, TUBERLENS_LOG_LEVEL: 'silent', TUBERLENS_AUTH: 'bearer', TUBERLENS_CLIENTS_FILE: at('clients'),
    TUBERLENS_TLS_CERT_FILE: at('cert'), TUBERLENS_TLS_KEY_FILE: at('key'), TUBERLENS_AUDIT_SYSLOG: '127.0.0.1:9',
  }))
  t.teardown(() => service.close())
  t.match(service.url, /^https:\/\/127\.0\.0\.1:/)
  const port = Number(new URL(service.url).port)
  await t.rejects(once(connect(port, '::1'), 'connect'), { code: /^(ECONNREFUSED|EADDRNOTAVAIL|EAFNOSUPPORT)$/ }, 'one listener')
  const subject = async (): Promise<string> => await servedName(port, ca)
  const agent = new Agent({ connect: { ca: ca.cert } })
  t.teardown(() => agent.destroy())
  const status = async (headers = {}) => (await request(`${service.url}/dicom-web/studies`, { dispatcher: agent, headers })).statusCode
  t.equal(await status(), 401)
  t.equal(await status({ authorization: 'Bearer secret' }), 204)
  t.equal(await subject(), 'first')
  writeFileSync(at('cert'), second.cert)
  writeFileSync(at('key'), second.key)
  process.emit('SIGHUP')
  t.equal(await subject(), 'second')
  await service.close()
  t.equal(process.listenerCount('SIGHUP'), listeners, 'signals are given back')
})
