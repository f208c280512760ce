/**
 * A whole series, from DICOM files on disk to 44 heatmaps and the report on disk: tuberlens against bench/python/series_job.py, which does
 * the same job with pydicom, PyTorch and highdicom. The same slices, the same networks, two threads each, in turns; the probabilities
 * of both sides are compared. tuberlens also selects, checks and guards, and writes a summary page.
 *
 *   node --import=@tapjs/typescript/import bench/python-series.ts [--json FILE] [--dist DIR]     (after `npm run build`)
 *
 * The 22 FLAIR slices of the test data (`TUBERLENS_TEST_DATA`), or drawn ones where they are absent. Python packages are installed
 * in .cache/bench-python.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bytesOf, mrImage, stored } from '../fixtures/make/mr-image.ts'
import { drawSlice } from '../fixtures/make/phantom/slice.ts'
import { flair } from '../fixtures/make/protocols.ts'
import { encodePart10 } from '../src/dicom/write-part10.ts'
import { sharedData } from '../test/helpers/data.ts'
import { median, report } from './support/outcome.ts'
import type { Comparison } from './support/outcome.ts'
import { benchPython } from './support/python.ts'
import { untrainedModel } from './support/untrained-model.ts'

/** Processes of each side, and runs in each; the first run of each warms up. */
const turns = 2
const runs = 3
const slices = 22

interface JobReport {
  readonly load: number
  readonly runs: readonly { readonly seconds: number, readonly cpu: number, readonly steps?: Readonly<Record<string, number>> }[]
  readonly peakKilobytes: number
  readonly probabilities: readonly number[]
}

const root = resolve(import.meta.dirname, '..')
const { values } = parseArgs({ options: { json: { type: 'string' }, dist: { type: 'string', default: join(root, 'dist') } } })
const cli = join(values.dist, 'cli/main.js')
if (!existsSync(cli)) throw new Error(`${cli} is missing: npm run build`)
const python = benchPython()
const folder = mkdtempSync(join(tmpdir(), 'tuberlens-bench-'))

/** Slices of the phantom at the matrix of the test data. */
function drawSeries (): string {
  const size = 288
  const series = { ...flair, size, pixelSpacing: 0.8 }
  const input = join(folder, 'input')
  mkdirSync(input)
  for (let i = 0; i < slices; i++) {
    const z = -30 + 5 * i
    const [picture] = drawSlice({ size, pixelSpacing: 0.8, thickness: 5, z }, ['FLAIR'], { noise: 12, seed: i, tubers: true })
    writeFileSync(join(input, `${i + 1}.dcm`), encodePart10({ ...mrImage(series, i + 1, z), PixelData: bytesOf(stored(picture!)) }))
  }
  return input
}

/** Runs a program to its end. @returns what it printed, and seconds by the clock */
function timed (program: string, args: readonly string[]): { readonly stdout: string, readonly seconds: number } {
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: root, maxBuffer: 2 ** 26 })
  const seconds = (performance.now() - start) / 1000
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`)
  return { stdout, seconds }
}

const job = ['-W', 'ignore', join(import.meta.dirname, 'python/series_job.py')]
const programs = {
  tuberlens: (model: string, input: string, out: string) => timed(process.execPath,
    [...process.execArgv, join(import.meta.dirname, 'support/series-job.ts'), values.dist, model, input, out, String(runs)]),
  python: (model: string, input: string, out: string) => timed(python, [...job, input, '--model', model, '--out', out, '--runs', String(runs)]),
} as const
/** Whole programs, as a user starts them once. */
const cold = {
  tuberlens: (model: string, input: string, out: string) => timed(process.execPath, [cli, 'analyze', input, '--model', model, '--out', out]),
  python: (model: string, input: string, out: string) => timed(python, [...job, input, '--model', model, '--out', out]),
} as const
const sides = ['python', 'tuberlens'] as const

function compare (name: string, model: string, input: string): Comparison[] {
  const jobs = { tuberlens: [] as JobReport[], python: [] as JobReport[] }
  const starts = { tuberlens: NaN, python: NaN }
  for (let turn = 0; turn < turns; turn++) {
    for (const side of sides) {
      jobs[side].push(JSON.parse(programs[side](model, input, join(folder, `${name}-${side}`)).stdout) as JobReport)
      if (turn === 0) starts[side] = cold[side](model, input, join(folder, `${name}-${side}`)).seconds
    }
  }
  sameProbabilities(jobs.tuberlens[0]!.probabilities, jobs.python[0]!.probabilities)
  const warm = (side: typeof sides[number], what: 'seconds' | 'cpu') => median(jobs[side].flatMap(job => job.runs.slice(1).map(run => run[what])))
  const line = (what: string, unit: string, of: (side: typeof sides[number]) => number, aim?: number): Comparison => ({
    what: `${name}: ${what}`,
    unit,
    tuberlens: of('tuberlens'),
    other: of('python'),
    otherName: 'Python',
    ratio: of('python') / of('tuberlens'),
    ...aim === undefined ? {} : { aim },
  })
  process.stdout.write(`${name}, steps of the last run in Python: ${JSON.stringify(jobs.python.at(-1)?.runs.at(-1)?.steps)}\n`)
  return [
    line('files on disk to results on disk, model loaded', 's', side => warm(side, 'seconds'), 2),
    line('CPU time of the same', 's', side => warm(side, 'cpu')),
    line('the whole program, from its start', 's', side => starts[side], 2),
    line('largest memory', 'MB', side => Math.max(...jobs[side].map(job => job.peakKilobytes)) / 1024),
  ]
}

/** Both sides must have computed the same. @throws Error */
function sameProbabilities (a: readonly number[], b: readonly number[]): void {
  const largest = Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))
  if (a.length !== b.length || !(largest < 1e-3)) throw new Error(`the probabilities differ by ${largest}: ${a.join()} and ${b.join()}`)
  process.stdout.write(`${a.length} slices, largest difference of the probability ${largest.toExponential(1)}\n`)
}

try {
  const input = sharedData('mr-dicom/philips-flair-axial') ?? drawSeries()
  await report({
    benchmark: 'python-series',
    claim: `${slices} slices from files on disk to 44 heatmaps and the report on disk, against the same job with pydicom, PyTorch and highdicom`,
    comparisons: [
      ...compare('inception-v3', untrainedModel('inception-v3'), input),
      ...compare('evidence-map', untrainedModel('evidence-map'), input),
    ],
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
