/**
 * How the work on a series grows with it: 22, 100 and 500 slices from DICOM files on disk to two heatmaps of each slice, summary and
 * report on disk. Each size in a process of its own that has its model loaded and has warmed up with a series of 22.
 * Seconds, CPU seconds and the largest resident set, each with the straight line through the three sizes.
 *
 *   node --import=@tapjs/typescript/import bench/series.ts [--json FILE] [--dist DIR] [--model DIR]     (after `npm run build`)
 *
 * The model that comes with the program, so that 500 slices take seconds; slices are drawn (288 × 288), 22 pictures over and over under
 * new UIDs, a millimetre apart.
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
import { median, report } from './support/outcome.ts'
import { straightLine } from './support/straight-line.ts'

/** Slices, and runs of them, whose median counts: more of what is short. */
const sizes = [[22, 5], [100, 3], [500, 1]] as const

interface JobReport {
  readonly runs: readonly { readonly seconds: number, readonly cpu: number, readonly files: number }[]
  readonly peakKilobytes: number
}
interface Measured { readonly slices: number, readonly seconds: number, readonly cpu: number, readonly megabytes: number }

const root = resolve(import.meta.dirname, '..')
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    dist: { type: 'string', default: join(root, 'dist') },
    model: { type: 'string', default: join(root, 'models/evidence-map') },
  },
})
if (!existsSync(join(values.dist, 'cli/main.js'))) throw new Error(`${values.dist} holds no build: npm run build`)
const folder = mkdtempSync(join(tmpdir(), 'tuberlens-bench-'))

const size = 288
const pixelSpacing = 0.8
const pictures = Array.from({ length: 22 }, (_, i) => {
  const [picture] = drawSlice({ size, pixelSpacing, thickness: 5, z: -30 + 5 * i }, ['FLAIR'], { noise: 12, seed: i, tubers: true })
  return bytesOf(stored(picture!))
})

/** Writes a series of so many slices. @returns its folder */
function makeSeries (slices: number): string {
  const input = join(folder, String(slices))
  mkdirSync(input)
  const series = { ...flair, key: `bench ${slices}`, size, pixelSpacing, spacing: 1 }
  for (let i = 0; i < slices; i++) {
    const PixelData = pictures[i % pictures.length]!
    writeFileSync(join(input, `${i + 1}.dcm`), encodePart10({ ...mrImage(series, i + 1, i - slices / 2), PixelData }))
  }
  return input
}

function measure (slices: number, runs: number, warmUp: string): Measured {
  const script = join(import.meta.dirname, 'support/series-process.mjs')
  const out = join(folder, 'out')
  const args = [script, values.dist, values.model, out, warmUp, slices === 22 ? warmUp : makeSeries(slices), String(runs)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root, maxBuffer: 2 ** 26 })
  rmSync(out, { recursive: true, force: true })
  if (status !== 0) throw new Error(`the series of ${slices} slices failed: ${stderr}`)
  const { runs: measured, peakKilobytes } = JSON.parse(stdout) as JobReport
  // two heatmaps of each slice, summary and report
  const wrong = measured.find(({ files }) => files !== 2 * slices + 2)
  if (wrong !== undefined) throw new Error(`${slices} slices gave ${wrong.files} files`)
  const seconds = median(measured.map(run => run.seconds))
  const cpu = median(measured.map(run => run.cpu))
  process.stdout.write(`${slices} slices: ${seconds.toFixed(2)} s, ${cpu.toFixed(2)} CPU s, peak ${(peakKilobytes / 1000).toFixed(0)} MB\n`)
  return { slices, seconds, cpu, megabytes: peakKilobytes / 1000 }
}

try {
  const warmUp = makeSeries(22)
  const measured = sizes.map(([slices, runs]) => measure(slices, runs, warmUp))
  const [few, , many] = measured as [Measured, Measured, Measured]
  const lineOf = (of: (one: Measured) => number) => straightLine(measured.map(one => [one.slices, of(one)]))
  const time = lineOf(({ seconds }) => seconds)
  const work = lineOf(({ cpu }) => cpu)
  const memory = lineOf(({ megabytes }) => megabytes)
  const perSlice = (value: number, { slices }: Measured): number => 1000 * value / slices
  const compare = (what: string, unit: string, at500: number, at22: number) =>
    ({ what, unit, tuberlens: at500, other: at22, otherName: 'with 22 slices', ratio: at22 / at500 })
  await report({
    benchmark: 'series',
    claim: 'A slice of 500 costs what a slice of 22 costs, in time and memory. ' +
      `Straight lines through 22, 100 and 500 slices: ${(1000 * time.slope).toFixed(1)} ms a slice + ${time.intercept.toFixed(2)} s (R² ${time.fit.toFixed(4)}), ` +
      `${(1000 * work.slope).toFixed(1)} CPU ms a slice + ${work.intercept.toFixed(2)} s (R² ${work.fit.toFixed(4)}), ` +
      `peak ${memory.intercept.toFixed(0)} MB + ${(1000 * memory.slope).toFixed(0)} KB a slice.`,
    comparisons: [
      { ...compare('A slice of 500, time', 'ms', perSlice(many.seconds, many), perSlice(few.seconds, few)), aim: 1 / 1.1 },
      { ...compare('A slice of 500, CPU time', 'ms', perSlice(many.cpu, many), perSlice(few.cpu, few)), aim: 1 / 1.1 },
      compare('500 slices, peak resident set', 'MB', many.megabytes, few.megabytes),
    ],
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
