/**
 * How fast instances are taken in by STOW-RS on one connection: the same instances, one server after the other in each round,
 * tuberlens and Orthanc with its DICOMweb plugin, with their storage on the same disk and every file flushed before the answer.
 * Then how fast tuberlens answers /livez while it takes instances in, analyses others and reads out a large one. The build is
 * measured: `npm run build` first.
 *
 *   node bench/ingest.ts [--dist DIR] [--folder DIR] [--rounds 5] [--json FILE]
 *
 * --folder is where the storage of both is made, and removed; the system's folder of temporary files by default.
 */
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { LivenessProbe, quantile } from './support/liveness.ts'
import { type Comparison, median, report } from './support/outcome.ts'
import { enhancedFile, sliceFiles, StoreConnection, StoreRequest } from './support/store-request.ts'
import { startOrthanc, startTuberlens, type StoreServer } from './support/store-servers.ts'

const { values } = parseArgs({
  options: {
    dist: { type: 'string', default: resolve(import.meta.dirname, '../dist') },
    folder: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const { dist } = values

/** What is sent in each round: requests, one after the other on one connection. */
interface Workload {
  readonly name: string
  readonly requests: readonly StoreRequest[]
  readonly rounds: number
  /** Rounds before them, which do not count: services run for months, and V8 compiles for the first 200 requests. */
  readonly warmUps: number
}

/** Of each round. */
interface Measured { readonly seconds: number[], readonly cpuSeconds: number[] }

const slices = sliceFiles(100)
const series = new StoreRequest(slices)
const single = slices.slice(0, 50).map(file => new StoreRequest([file]))
const large = new StoreRequest([enhancedFile(512)])
const workloads: readonly Workload[] = [
  { name: '100 instances of 0.5 MB in one request', requests: [series], rounds, warmUps: 1 },
  { name: '50 instances of 0.5 MB, one in a request', requests: single, rounds, warmUps: 5 },
  { name: 'one instance of 268 MB', requests: [large], rounds: Math.min(rounds, 2), warmUps: 1 },
]
const total = (requests: readonly StoreRequest[], of: 'bytes' | 'instances'): number => requests.reduce((sum, one) => sum + one[of], 0)

async function measure (server: StoreServer, connection: StoreConnection, { requests }: Workload): Promise<{ seconds: number, cpuSeconds: number }> {
  StoreRequest.renewAll(requests)
  const cpuBefore = await server.process.cpuSeconds()
  const start = performance.now()
  for (const request of requests) await connection.send(request)
  const seconds = (performance.now() - start) / 1000
  return { seconds, cpuSeconds: ((await server.process.cpuSeconds()) ?? NaN) - (cpuBefore ?? NaN) }
}

/** Each workload on each server, in turns. */
async function compare (servers: readonly StoreServer[]): Promise<Measured[][]> {
  const connections = servers.map(({ dicomWeb }) => new StoreConnection(dicomWeb))
  const all: Measured[][] = []
  for (const workload of workloads) {
    const measured = servers.map((): Measured => ({ seconds: [], cpuSeconds: [] }))
    for (let round = -workload.warmUps; round < workload.rounds; round++) {
      for (const [i, server] of servers.entries()) {
        const { seconds, cpuSeconds } = await measure(server, connections[i]!, workload)
        if (round < 0) continue
        measured[i]!.seconds.push(seconds)
        measured[i]!.cpuSeconds.push(cpuSeconds)
      }
    }
    all.push(measured)
  }
  for (const connection of connections) connection.close()
  return all
}

/** Higher is better. */
const rate = (what: string, unit: string, tuberlens: number, other: number, otherName: string, aim?: number): Comparison =>
  ({ what, unit, tuberlens, other, otherName, ratio: tuberlens / other, ...(aim !== undefined && { aim }) })
/** Lower is better. */
const cost = (what: string, unit: string, tuberlens: number, other: number, otherName: string, aim?: number): Comparison =>
  ({ what, unit, tuberlens, other, otherName, ratio: other / tuberlens, ...(aim !== undefined && { aim }) })

function described (workload: Workload, [tuberlens, orthanc]: readonly Measured[]): Comparison[] {
  const { name, requests } = workload
  const megabytes = total(requests, 'bytes') / 1e6
  const instances = total(requests, 'instances')
  const seconds = median(tuberlens!.seconds)
  const comparisons: Comparison[] = []
  if (orthanc !== undefined) {
    comparisons.push(rate(name, 'MB/s', megabytes / seconds, megabytes / median(orthanc.seconds), 'Orthanc', 1))
    const cpu = [tuberlens!, orthanc].map(({ cpuSeconds }) => median(cpuSeconds) * 1000 / instances)
    if (cpu.every(Number.isFinite)) comparisons.push(cost(`${name}, CPU time of an instance`, 'ms', cpu[0]!, cpu[1]!, 'Orthanc'))
  }
  if (workload === workloads[0]) {
    comparisons.push(rate(name, 'MB/s', megabytes / seconds, 100, 'the goal', 1))
    comparisons.push(rate(name, 'instances/s', instances / seconds, 150, 'the goal', 1))
  }
  return comparisons
}

const isAnalysing = async ({ url }: StoreServer): Promise<boolean> => {
  const { jobs } = await (await fetch(`${url}/api/v1/jobs?state=RUNNING`)).json() as { jobs: unknown[] }
  return jobs.length > 0
}

/** `/livez` while one series is analysed, others come in, and the metadata, a frame and a picture of a large instance are read. */
async function liveness (server: StoreServer): Promise<Comparison[]> {
  const connection = new StoreConnection(server.dicomWeb)
  const study = new StoreRequest(slices).renew()
  await connection.send(study)
  const largeUrl = await sendLarge(server, connection)
  await until(async () => await isAnalysing(server), 30)
  const probe = new LivenessProbe(server.url)
  const end = performance.now() + 12_000
  const analysing: boolean[] = []
  const sender = (async () => { while (performance.now() < end) await connection.send(series.renew()) })()
  const reader = (async () => {
    while (performance.now() < end) {
      for (const path of ['/metadata', '/frames/1', '/rendered', '/thumbnail']) await (await fetch(largeUrl + path)).arrayBuffer()
      analysing.push(await isAnalysing(server))
    }
  })()
  await Promise.all([sender, reader])
  const answers = await probe.stop()
  connection.close()
  const ms = answers.map(answer => answer.ms)
  const share = analysing.filter(busy => busy).length / analysing.length
  const what = `/livez while instances come in, series are analysed (${(share * 100).toFixed(0)} % of the time) and a large instance is read`
  return [
    cost(`${what}, 95th percentile of ${answers.length}`, 'ms', quantile(ms, 0.95), 100, 'the goal', 1),
    cost(`${what}, slowest`, 'ms', Math.max(...ms), 1000, 'the goal'),
  ]
}

/** The URL of a large instance that the server holds. */
async function sendLarge ({ dicomWeb }: StoreServer, connection: StoreConnection): Promise<string> {
  await connection.send(large.renew())
  const found = await (await fetch(`${dicomWeb}/instances?NumberOfFrames=512&limit=1`)).json() as Record<string, { Value: string[] }>[]
  const uid = (tag: string): string => found[0]?.[tag]?.Value[0] ?? ''
  return `${dicomWeb}/studies/${uid('0020000D')}/series/${uid('0020000E')}/instances/${uid('00080018')}`
}

async function until (condition: () => Promise<boolean>, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 20; i++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`No analysis began within ${seconds} s`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { process.exit(1) })
await access(join(dist, 'cli/main.js')).catch(() => { throw new Error(`${dist} holds no build: npm run build`) })
const folder = await mkdtemp(join(values.folder, 'tuberlens-bench-'))
const running: StoreServer[] = []
try {
  // series are not analysed meanwhile
  const tuberlens = await startTuberlens(dist, join(folder, 'tuberlens'), { TUBERLENS_SERIES_QUIET_S: '600' })
  running.push(tuberlens)
  const orthanc = await startOrthanc(join(folder, 'orthanc'))
  if (orthanc !== undefined) running.push(orthanc)
  const measured = await compare(running)
  const comparisons = workloads.flatMap((workload, i) => described(workload, measured[i]!))
  const peak = await tuberlens.process.peakMegabytes()
  if (peak !== undefined) comparisons.push(cost('most memory of the process that takes instances in', 'MB', peak, 400, 'the goal', 1))
  for (const { process } of running.splice(0)) await process.stop()
  const analysing = await startTuberlens(dist, join(folder, 'analysing'), { TUBERLENS_SERIES_QUIET_S: '1', TUBERLENS_STUDY_QUIET_S: '1' })
  running.push(analysing)
  comparisons.push(...await liveness(analysing))
  await report({
    benchmark: 'ingest',
    claim: 'Instances are taken in by STOW-RS on one connection at least as fast as by Orthanc, each on the disk before the answer',
    comparisons,
    ...(orthanc === undefined && { skipped: ['the comparison with Orthanc: it is not installed with its DICOMweb plugin'] }),
  })
} finally {
  for (const { process } of running) await process.stop()
  await rm(folder, { recursive: true, force: true })
}
