// Called by prove.sh: carries out the Dockerfile and tries the result. Usage: node prove.mjs FOLDER NODE
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { copyOf, pairs, parseStages } from './dockerfile-steps.mjs'

const [folder, node] = process.argv.slice(2).map(path => resolve(path))
const context = join(folder, 'context')
const enter = join(context, 'docker/enter.sh')
const allowed = readFileSync(join(context, '.dockerignore'), 'utf8').split('\n').filter(line => line.startsWith('!')).map(line => line.slice(1))

function say (text) { console.log(`prove: ${text}`) }
function demand (condition, text) {
  if (!condition) throw new Error(text)
  say(`ok: ${text}`)
}

/** Carries out one stage in a folder of its own. */
function build (stage, at, roots) {
  const image = { root: join(folder, 'stages', String(at)), workdir: '/', env: {}, args: {} }
  mkdirSync(join(image.root, 'var/lib'), { recursive: true })
  for (const { keyword, text } of stage.steps) {
    if (keyword === 'WORKDIR') mkdirSync(join(image.root, image.workdir = text), { recursive: true })
    else if (keyword === 'ARG') Object.assign(image.args, pairs(text))
    else if (keyword === 'ENV') Object.assign(image.env, pairs(text))
    else if (keyword === 'COPY') copy(image, text, roots)
    else if (keyword === 'RUN') run(image, text)
    else if (keyword === 'USER') image.user = text
    else if (keyword === 'STOPSIGNAL') image.stopSignal = text
    else if (keyword === 'HEALTHCHECK') image.healthcheck = JSON.parse(text.slice(text.indexOf('CMD') + 3))
    else if (keyword === 'ENTRYPOINT') image.entrypoint = JSON.parse(text)
    else if (keyword === 'CMD') image.command = JSON.parse(text)
  }
  return image
}

function copy (image, text, roots) {
  const { options, sources, target } = copyOf(text)
  const from = options.from === undefined ? undefined : roots.get(options.from)
  const into = resolve(image.workdir, target)
  for (const source of sources) {
    if (from === undefined && !allowed.some(path => source === path || source.startsWith(`${path}/`))) throw new Error(`.dockerignore keeps ${source} out`)
    const path = join(from?.root ?? context, source)
    const isFile = lstatSync(path).isFile()
    cpSync(path, join(image.root, isFile && target.endsWith('/') ? join(into, basename(source)) : into), { recursive: true, verbatimSymlinks: true })
  }
}

function run (image, text) {
  say(`RUN ${text}`)
  const env = { ...process.env, ...image.env, HOME: '/tmp', npm_config_cache: '/tmp/npm' }
  // as a builder's cache does: packages are fetched once for all stages
  const [fetched, cache] = [join(folder, 'stages/0/tmp/npm'), join(image.root, 'tmp/npm')]
  if (existsSync(fetched) && !existsSync(cache)) cpSync(fetched, cache, { recursive: true })
  const done = spawnSync(enter, [image.root, node, text.startsWith('npm ci') ? 'build' : 'offline', image.workdir, '/bin/sh', '-c', text], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (done.status !== 0) throw new Error(`this step ended with ${done.status ?? done.signal}`)
}

/** Bytes of what the steps put into a folder. */
function sizeOf (path) {
  const found = lstatSync(path)
  return found.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : found.size
}

const { stages } = parseStages(readFileSync(join(context, 'docker/Dockerfile'), 'utf8'))
const roots = new Map()
let image
for (const [at, stage] of stages.entries()) {
  say(`FROM ${stage.image} ${stage.name}`)
  image = build(stage, at, roots)
  roots.set(stage.name, image)
}
const app = join(image.root, image.workdir)
const mb = bytes => `${(bytes / 1e6).toFixed(0)} MB`
const contentBytes = sizeOf(app)
say(`content of the image above its base: ${mb(contentBytes)} (packages ${mb(sizeOf(join(app, 'node_modules')))})`)
demand(contentBytes < 250e6, 'with a base of less than 250 MB the image stays below 500 MB')
demand(image.user === '10001:10001', 'the image runs as 10001:10001')
const packages = new Set(readdirSync(join(app, 'node_modules')))
demand(['typescript', 'tap', 'eslint', '@tensorflow'].every(name => !packages.has(name)), 'no development package and no TensorFlow is in it')
const { components } = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8'))
demand(components.length > 50 && components.some(({ name }) => name === 'onnxruntime-node'), `the bill of materials names ${components.length} packages`)

/** Runs the program of the image with the read-only root. */
function start (command, env = {}) {
  const [program, ...rest] = command
  const child = spawn(enter, [image.root, node, 'run', image.workdir, program, ...rest], {
    env: { PATH: process.env.PATH, ...image.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { child.output += text })
  child.ended = once(child, 'exit').then(([code]) => code)
  return child
}
const service = [...image.entrypoint, ...image.command]
const port = String(20000 + process.pid % 10000)
const listening = { TUBERLENS_PORT: port, TUBERLENS_SERIES_QUIET_S: '1', TUBERLENS_STUDY_QUIET_S: '1', TUBERLENS_DISK_RESERVE: '64M' }

const refused = start(service, { ...listening })
demand(await refused.ended === 78 && refused.output.includes('TUBERLENS_AUTH'), 'without a word on authentication it does not start, exit code 78')

const probe = start(['sh', '-c', `id -u; for path in . dist /etc /; do touch "$path/probe" 2> /dev/null && echo "wrote $path"; done; touch /tmp/probe ${image.env.TUBERLENS_DATA_DIR}/probe && rm ${image.env.TUBERLENS_DATA_DIR}/probe && echo volume`])
await probe.ended
demand(probe.output === '10001\nvolume\n', 'as 10001 nothing can be written but the volume and /tmp')

const token = 'a-token-that-is-only-for-this-proof-0123456789'
writeFileSync(join(image.root, image.env.TUBERLENS_DATA_DIR, 'clients'), `prove stow,read,admin token:${createHash('sha256').update(token).digest('hex')}\n`, { mode: 0o600 })
const env = { ...listening, TUBERLENS_AUTH: 'bearer', TUBERLENS_CLIENTS_FILE: `${image.env.TUBERLENS_DATA_DIR}/clients` }
const root = `http://127.0.0.1:${port}`
const headers = { authorization: `Bearer ${token}` }
const health = async extra => await start(image.healthcheck, { ...env, ...extra }).ended

demand(await health() === 1, 'the health check fails while nothing runs')
const began = Date.now()
const running = start(service, env)
try {
  for (;;) {
    if (running.exitCode !== null) throw new Error(`the service ended with ${running.exitCode}: ${running.output}`)
    if (await fetch(`${root}/readyz`).then(answer => answer.ok, () => false)) break
    if (Date.now() - began > 120_000) throw new Error(`the service was not ready within 120 s: ${running.output}`)
    await sleep(50)
  }
  say(`ready ${((Date.now() - began) / 1000).toFixed(1)} s after its start`)
  demand(await health() === 0, 'the health check is green')
  demand((await fetch(`${root}/dicom-web/studies`)).status === 401, 'who shows no credentials is refused')

  // the loop cannot answer while its process stands still
  running.kill('SIGSTOP')
  demand(await health() === 1, 'the health check fails while the event loop stands still')
  running.kill('SIGCONT')

  let sent = 0
  for (const series of ['flair', 't2']) {
    for (const name of readdirSync(join(context, 'fixtures', series))) {
      const path = join(context, 'fixtures', series, name)
      if (!statSync(path).isFile()) continue
      const answer = await fetch(`${root}/dicom-web/studies`, {
        method: 'POST', headers: { ...headers, 'content-type': 'application/dicom', accept: 'application/dicom+json' }, body: readFileSync(path),
      })
      if (answer.status !== 200) throw new Error(`${name} was answered with ${answer.status}`)
      sent++
    }
  }
  say(`sent ${sent} instances`)
  const reports = async () => {
    const answer = await fetch(`${root}/dicom-web/instances?Modality=SR`, { headers })
    return answer.status === 200 ? (await answer.json()).length : 0
  }
  const until = Date.now() + 180_000
  while (await reports() < 2 && Date.now() < until) await sleep(500)
  demand(await reports() >= 2, 'the reports of both series came')
  const again = start([...image.entrypoint, '--version'])
  demand(await again.ended === 0, `the command line runs: ${again.output.trim()}`)

  const told = Date.now()
  running.kill(image.stopSignal)
  const code = await running.ended
  const took = (Date.now() - told) / 1000
  demand(code === 0 && took < 30, `${image.stopSignal} ended it with 0 after ${took.toFixed(1)} s`)
} finally {
  if (running.exitCode === null) running.kill('SIGKILL')
}
say('proven')
