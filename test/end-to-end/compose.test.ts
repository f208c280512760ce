import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { requireTool } from '../helpers/tools.ts'
import { freePort } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'

const root = resolve(import.meta.dirname, '../..')

/** secrets.sh on a copy of docker/, with this checkout's command line instead of the image. @returns the folder, and the reader's password */
function makeSecrets (folder: string): { readonly docker: string, readonly reader: string, readonly admin: string } {
  const docker = join(folder, 'docker')
  mkdirSync(join(folder, 'dist/cli'), { recursive: true })
  cpSync(join(root, 'docker'), docker, { recursive: true, filter: path => !path.endsWith('/secrets') })
  // the image has a built program in this place
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'dist/cli/main.js'), `
import { spawnSync } from 'node:child_process'
const args = ${JSON.stringify([...process.execArgv, join(root, 'src/cli/main.ts')])}
process.exit(spawnSync(process.execPath, [...args, ...process.argv.slice(2)], { stdio: 'inherit', cwd: ${JSON.stringify(root)} }).status ?? 1)
`)
  const made = spawnSync(join(docker, 'secrets.sh'), [], { env: { ...process.env, CREDENTIAL: 'sh -c' }, encoding: 'utf8' })
  const [, reader = '', admin = ''] = /user reader, password (\S+)\ntuberlens: user admin, password (\S+)\n/.exec(made.stdout) ?? []
  if (made.status !== 0 || reader === '') throw new Error(`secrets.sh ended with ${made.status}: ${made.stderr}`)
  return { docker, reader, admin }
}

t.test('with the files of compose.yaml a study goes from Orthanc to tuberlens, and its results come back, all with credentials', { timeout: 240_000 }, async t => {
  if (!requireTool(t, 'Orthanc')) return
  const { docker, reader, admin } = makeSecrets(t.testdir())
  t.not(spawnSync(join(docker, 'secrets.sh'), []).status, 0, 'secrets are not overwritten')
  const [servicePort, orthancPort] = [await freePort(), await freePort()]
  const secret = (name: string) => join(docker, 'secrets', name)

  // the same files, with this machine's paths, ports and plugins
  const at = join(docker, 'orthanc')
  const config = JSON.parse(readFileSync(join(at, 'orthanc.json'), 'utf8')) as Record<string, unknown>
  writeFileSync(join(at, 'orthanc.json'), JSON.stringify({
    ...config,
    StorageDirectory: join(at, 'db'),
    IndexDirectory: join(at, 'db'),
    Plugins: ['/usr/share/orthanc/plugins/libOrthancDicomWeb.so'],
    HttpPort: orthancPort,
    StableAge: 1,
    LuaScripts: [join(at, 'route.lua')],
  }))
  writeFileSync(join(at, 'secrets.json'), readFileSync(secret('orthanc-secrets.json'), 'utf8').replace('http://tuberlens:8080', `http://127.0.0.1:${servicePort}`))

  const orthanc = spawn('Orthanc', [at], { stdio: 'ignore' })
  t.teardown(async () => {
    if (orthanc.exitCode !== null) return
    orthanc.kill('SIGTERM')
    await once(orthanc, 'exit')
  })
  const service = new Service(servicePort, {
    TUBERLENS_AUTH: 'basic,bearer',
    TUBERLENS_CLIENTS_FILE: secret('tuberlens-clients'),
    TUBERLENS_PACS_URL: `http://127.0.0.1:${orthancPort}/dicom-web`,
    TUBERLENS_PACS_USER: 'tuberlens',
    TUBERLENS_PACS_PASSWORD_FILE: secret('orthanc-password'),
  })
  t.teardown(async () => { await service.remove() })
  await service.start()

  const url = `http://127.0.0.1:${orthancPort}`
  const headers = { authorization: `Basic ${Buffer.from(`reader:${reader}`).toString('base64')}` }
  await until(async () => await fetch(`${url}/system`, { headers }).then(answer => answer.ok, () => false), 30, 'Orthanc')
  t.equal((await fetch(`${url}/dicom-web/studies`)).status, 401, 'Orthanc asks who is there')
  t.equal((await fetch(`${service.url}/api/v1/jobs`)).status, 401, 'so does tuberlens')

  const flair = join(root, 'fixtures/flair')
  for (const name of readdirSync(flair)) {
    t.equal((await fetch(`${url}/instances`, { method: 'POST', headers, body: readFileSync(join(flair, name)) })).status, 200)
  }
  const reports = async () => (await (await fetch(`${url}/dicom-web/instances?Modality=SR`, { headers: { ...headers, accept: 'application/dicom+json' } })).json() as unknown[]).length
  await until(async () => await reports() >= 1, 150, 'the report in Orthanc')
  t.equal(await reports(), 1)
  const asAdmin = { authorization: `Basic ${Buffer.from(`admin:${admin}`).toString('base64')}` }
  t.equal((await fetch(`${service.url}/api/v1/jobs`, { headers: asAdmin })).status, 200, 'the administrator sees the jobs')
})
