import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { copyOf, parseStages, parseSteps } from '../../docker/dockerfile-steps.mjs'
import { hadolint } from '../helpers/hadolint.ts'

const root = resolve(import.meta.dirname, '../..')
const path = join(root, 'docker/Dockerfile')
const { arguments: given, stages } = parseStages(readFileSync(path, 'utf8'))
const last = stages.at(-1)!
const texts = (keyword: string) => last.steps.filter(step => step.keyword === keyword).map(({ text }) => text)

t.test('hadolint has nothing against the Dockerfile', async t => {
  const program = hadolint(t)
  if (program === undefined) return
  const { status, stdout } = spawnSync(program, [path], { encoding: 'utf8' })
  t.equal(stdout, '')
  t.equal(status, 0)
  t.match(spawnSync(program, ['-'], { input: 'FROM debian:latest\n', encoding: 'utf8' }).stdout, 'DL3007', 'it would say so')
})

// service.md C1

t.test('every stage stands on one base that is pinned by its tag, and by digest where the builder says so', async t => {
  t.match(given['NODE_IMAGE'], /^node:\d+-bookworm-slim$/)
  for (const { image } of stages) t.equal(image, given['NODE_IMAGE'])
})

t.test('the image runs one process, not as root, with a health check and a stop signal', async t => {
  t.strictSame(texts('USER'), ['10001:10001'])
  t.strictSame(texts('ENTRYPOINT'), ['["node", "dist/cli/main.js"]'], 'no shell stands between the signal and the service')
  t.strictSame(texts('CMD'), ['["serve"]'])
  t.strictSame(texts('STOPSIGNAL'), ['SIGTERM'])
  t.match(texts('HEALTHCHECK')[0], /CMD \["node", "docker\/healthcheck\.mjs"\]$/)
  t.strictSame(texts('VOLUME'), ['["/var/lib/tuberlens"]'])
  t.match(texts('ENV').join(), /TUBERLENS_DATA_DIR=\/var\/lib\/tuberlens/)
})

t.test('only npm ci needs a network, and runs no script of a package', async t => {
  const runs = stages.flatMap(({ steps }) => steps.filter(({ keyword }) => keyword === 'RUN').map(({ text }) => text))
  const installs = runs.filter(text => /^npm ci /.test(text))
  t.equal(installs.length, 2)
  for (const text of installs) t.match(text, '--ignore-scripts')
  t.match(installs[1], '--omit=dev --omit=optional')
  for (const text of runs) t.notMatch(text, /curl|wget|apt-get|npm install|npx/)
})

t.test('what is copied is there, and the context holds it', async t => {
  const allowed = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(line => line.startsWith('!')).map(line => line.slice(1))
  const copies = stages.flatMap(({ steps }) => steps.filter(({ keyword }) => keyword === 'COPY').map(({ text }) => copyOf(text)))
  const sources = copies.filter(({ options }) => options['from'] === undefined).flatMap(copy => copy.sources)
  t.ok(sources.length > 8)
  for (const source of sources) {
    t.ok(existsSync(join(root, source)), source)
    t.ok(allowed.includes(source), `${source} is not in .dockerignore's list of what is sent`)
  }
})

t.test('the parser refuses what prove.sh could not carry out', async t => {
  t.throws(() => parseSteps('ADD https://x.example/y /y'), /not known: ADD/)
  t.strictSame(parseSteps('# one\nRUN a \\\n  && b\n'), [{ keyword: 'RUN', text: 'a && b' }])
})
