import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { certificate } from '../helpers/certificates.ts'
import { runCli } from '../helpers/cli.ts'
import { stubPacs } from '../service/doctor/stub-pacs.ts'

interface Report { checks: { area: string, state: string, found: string, todo?: string }[], failures: number, warnings: number, configuration: Record<string, unknown> }

function folderOf (t: { testdir: (content?: Record<string, string>) => string }, content: Record<string, string> = {}): string {
  const folder = t.testdir(content)
  chmodSync(folder, 0o700)
  return folder
}

t.test('without a failure the exit code is 0, and each line says what was looked at', async t => {
  const { code, stdout, stderr } = await runCli(['doctor'], { TUBERLENS_DATA_DIR: folderOf(t), TUBERLENS_DISK_RESERVE: '1' })
  t.equal(code, 0, stdout)
  t.match(stdout, /^ok +configuration: no error\nok +access: this machine alone reaches the service\n/)
  t.match(stdout, /ok +model: tuberlens-evidence-map [\d.]+ loads with its hashes and gives maps on onnxruntime/)
  t.match(stdout, /ok +destinations: there is none/)
  t.match(stdout, /\n0 failures, \d warnings?\n$/)
  t.equal(stderr, '')
})

t.test('a PACS that refuses is a failure with what to do, and no secret is printed', async t => {
  const url = await stubPacs(t, (_request, response) => { response.writeHead(401).end() })
  const folder = folderOf(t, { password: 'hunter2-hunter2', webhook: `whsec_${Buffer.alloc(24, 7).toString('base64')}` })
  chmodSync(join(folder, 'webhook'), 0o600)
  chmodSync(join(folder, 'password'), 0o644)
  const env = {
    TUBERLENS_DATA_DIR: folder,
    TUBERLENS_DISK_RESERVE: '1',
    TUBERLENS_MODEL_DIR: join(folder, 'no-model'),
    TUBERLENS_PACS_URL: url,
    TUBERLENS_PACS_USER: 'tuberlens',
    TUBERLENS_PACS_PASSWORD_FILE: join(folder, 'password'),
    TUBERLENS_WORKLIST_DESTINATION: 'pacs',
    TUBERLENS_WEBHOOK_URL: 'https://hook.example/secret-path',
    TUBERLENS_WEBHOOK_SECRET_FILE: join(folder, 'webhook'),
    TUBERLENS_HOST: '0.0.0.0',
    TUBERLENS_ALLOW_UNAUTHENTICATED: 'true',
  }
  const { code, stdout } = await runCli(['doctor', '--config'], env)
  t.equal(code, 8)
  t.match(stdout, /FAILURE +destination pacs: The server refuses the credentials \(401\)\.\n {9}check user and password/)
  t.match(stdout, /FAILURE +model: the model folder has no readable manifest\.json/)
  t.match(stdout, /FAILURE +worklist: /)
  t.match(stdout, /WARNING +access: whoever reaches the service may do everything/)
  t.match(stdout, /WARNING +secrets: the file of the secret of the destination pacs can be read by others/)
  t.match(stdout, /"dataDir": /, 'the effective configuration')
  t.notMatch(stdout, /hunter2|secret-path|whsec_/)

  const json = JSON.parse((await runCli(['doctor', '--json'], env)).stdout) as Report
  t.equal(json.failures, json.checks.filter(({ state }) => state === 'failure').length)
  t.ok(json.failures >= 3)
  t.ok(json.checks.filter(({ state }) => state !== 'ok').every(({ todo }) => todo !== undefined && todo !== ''), 'whatever is not in order says what to do')
  t.match(json.configuration, { host: '0.0.0.0', webhook: { url: 'https://hook.example/(hidden)' } })
})

t.test('certificates of the service and a worklist are looked at', async t => {
  const ca = certificate('CA')
  const own = certificate('service', { issuer: ca, expired: true })
  const url = await stubPacs(t, (request, response) => { response.writeHead(request.url?.includes('workitems') === true ? 200 : 204).end('[]') })
  const folder = folderOf(t)
  const [cert, key, token] = ['cert.pem', 'key.pem', 'clients'].map(name => join(folder, name))
  writeFileSync(cert!, own.cert + ca.cert)
  writeFileSync(key!, own.key, { mode: 0o600 })
  writeFileSync(token!, `pacs stow token:${'ab'.repeat(32)}\n`, { mode: 0o600 })
  const { code, stdout } = await runCli(['doctor'], {
    TUBERLENS_DATA_DIR: folder,
    TUBERLENS_DISK_RESERVE: '1',
    TUBERLENS_TLS_CERT_FILE: cert!,
    TUBERLENS_TLS_KEY_FILE: key!,
    TUBERLENS_AUTH: 'bearer',
    TUBERLENS_CLIENTS_FILE: token!,
    TUBERLENS_PACS_URL: url,
    TUBERLENS_WORKLIST_DESTINATION: 'pacs',
  })
  t.equal(code, 8)
  t.match(stdout, /ok +access: clients show who they are: bearer; over TLS/)
  t.match(stdout, /FAILURE +certificates: TUBERLENS_TLS_CERT_FILE expired on /)
  t.match(stdout, /WARNING +certificates: TUBERLENS_TLS_CERT_FILE, certificate 2, is valid until /)
  t.match(stdout, /ok +worklist: it answers; no workitem waits/)
  t.match(stdout, /1 failure, \d warnings?\n$/)
})

t.test('a configuration with errors is refused as at a start', async t => {
  const { code, stderr } = await runCli(['doctor'], { TUBERLENS_PORT: 'x' })
  t.equal(code, 78)
  t.match(stderr, 'TUBERLENS_PORT')
  t.equal((await runCli(['doctor', '--more'])).code, 2)
})
