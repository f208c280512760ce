/**
 * How a machine's processors are best divided: one session with a thread for each, as tuberlens opens it, against as many
 * sessions of one thread side by side. Time and CPU time of a slice with both maps, and the most memory of a process that does it.
 *
 *   node bench/sessions.ts [--json FILE]     (Node 22.18 or later runs TypeScript as it is)
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Raster } from '../src/imaging/raster.ts'
import { loadModel } from '../src/model/load-model.ts'
import type { TrainableArchitecture } from '../src/training/trainees.ts'
import { type Comparison, median, report } from './support/outcome.ts'
import { untrainedModel } from './support/untrained-model.ts'

const architectures: readonly TrainableArchitecture[] = ['evidence-map', 'inception-v3']
const processors = availableParallelism()
const slices = 16
const rounds = 5
const turns = 3

/** Milliseconds and CPU milliseconds of a slice, and the process's largest resident set in MB. */
interface Cost { readonly time: number, readonly cpu: number, readonly memory: number }

const raster: Raster = {
  width: 224,
  height: 224,
  channels: 3,
  data: Float32Array.from({ length: 224 * 224 * 3 }, (_, index) => (Math.imul(index, 2654435761) >>> 0) / 2 ** 32),
  toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 },
}

/** In this process: the slices divided among the sessions, all at the same time. */
async function costOf (directory: string, sessions: number): Promise<Cost> {
  const threads = Math.max(1, Math.floor(processors / sessions))
  const classifiers = await Promise.all(Array.from({ length: sessions }, async () => await loadModel(directory, { engine: 'onnxruntime', threads })))
  const shares = classifiers.map((_, index) => new Array<Raster>(Math.floor((slices + index) / sessions)).fill(raster))
  const times: number[] = []
  const cpu: number[] = []
  for (let round = -1; round < rounds; round++) {
    const used = process.cpuUsage()
    const start = performance.now()
    await Promise.all(classifiers.map(async (classifier, index) => await classifier.classify(shares[index]!, ['grad-cam', 'saliency'])))
    if (round < 0) continue // the first round warms up
    times.push((performance.now() - start) / slices)
    const { user, system } = process.cpuUsage(used)
    cpu.push((user + system) / 1000 / slices)
  }
  for (const classifier of classifiers) await classifier.close()
  return { time: median(times), cpu: median(cpu), memory: process.resourceUsage().maxRSS * 1024 / 1e6 }
}

/** In a process of its own, whose memory is its own. */
function costApart (directory: string, sessions: number): Cost {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), '--directory', directory, '--sessions', String(sessions)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Cost
}

function compare (architecture: TrainableArchitecture): Comparison[] {
  const directory = untrainedModel(architecture)
  const one: Cost[] = []
  const many: Cost[] = []
  for (let turn = 0; turn < turns; turn++) {
    one.push(costApart(directory, 1))
    many.push(costApart(directory, processors))
  }
  const otherName = `${processors} sessions of one thread`
  return ([['time', 'ms/slice'], ['cpu', 'CPU ms/slice'], ['memory', 'MB']] as const).map(([key, unit]) => {
    const [tuberlens, other] = [median(one.map(cost => cost[key])), median(many.map(cost => cost[key]))]
    return { what: `${architecture}, ${key === 'cpu' ? 'CPU time' : key === 'memory' ? 'largest memory' : 'time'}`, unit, tuberlens, other, otherName, ratio: other / tuberlens }
  })
}

const { values } = parseArgs({ options: { json: { type: 'string' }, directory: { type: 'string' }, sessions: { type: 'string' } } })
if (values.directory !== undefined) {
  process.stdout.write(JSON.stringify(await costOf(values.directory, Number(values.sessions))))
} else {
  await report({
    benchmark: 'sessions',
    claim: `One session with ${processors} threads, as tuberlens opens it here, against ${processors} sessions of one thread each: ${slices} slices with both maps`,
    comparisons: processors === 1 ? [] : architectures.flatMap(compare),
    ...processors === 1 ? { skipped: ['one processor: there is nothing to divide'] } : {},
  })
}
