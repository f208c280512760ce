import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AppError } from '../errors.ts'
import { loadModel } from '../model/load-model.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { judge, report } from '../training/evaluation.ts'
import type { EvaluationReport, SliceFigures } from '../training/evaluation.ts'
import type { EvaluationSlice } from '../training/evaluation-slice.ts'
import { evaluationSlices } from '../training/evaluation-set.ts'
import type { EvaluationSet } from '../training/evaluation-set.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { numberOption, parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'
import { table } from './table.ts'

export const help = `Usage: tuberlens evaluate --model DIR
         (--labelled CSV | --tuber-free DIR … | --canvases DIR | --label-maps DIR) [OPTIONS]

Measures a model: per slice, per contrast, per series; intervals over patients; on what was not trained on.

  --labelled CSV         file,patient,label[,mask][,contrast]
  --tuber-free DIR       real series without tubers, NIfTI or DICOM; may be given several times; slices within two of a
                         …_tumourmask beside a volume do not count
  --exclude-slices A-B   InstanceNumbers of DICOM series that do not count (a known lesion)
  --canvases DIR         the paired test: tubers implanted into real slices against the same slices without
  --label-maps DIR       synthetic slices of label maps; with --count N (400)
  --patients NAMES       only these, separated by commas
  --part K/N             every N-th patient, beginning with the K-th: for calibration and test apart
  --difficulty NAMES     of implanted tubers: easy, moderate, subtle (all three)
  --repeats N            implantations into each slice (3)
  --threshold P          instead of the manifest's
  --specificity S        propose a threshold and a series rule for it, from the tuber-free slices and series
  --write                put the proposal into the model's manifest
  --record KEY           put the main figures into the model's manifest, under KEY
  --engine auto|onnxruntime|tensorflow
  --seed N (1)  --json
`

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values } = parseOptions(() => parseArgs({
    args,
    options: {
      model: { type: 'string' },
      labelled: { type: 'string' },
      'tuber-free': { type: 'string', multiple: true },
      'exclude-slices': { type: 'string' },
      canvases: { type: 'string' },
      'label-maps': { type: 'string' },
      count: { type: 'string' },
      patients: { type: 'string' },
      part: { type: 'string' },
      difficulty: { type: 'string', default: 'easy,moderate,subtle' },
      repeats: { type: 'string' },
      threshold: { type: 'string' },
      specificity: { type: 'string' },
      write: { type: 'boolean', default: false },
      record: { type: 'string' },
      engine: { type: 'string', default: 'auto' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  }))
  if (values.model === undefined) throw new AppError('usage', 'evaluate needs --model DIR')
  const { engine } = values
  if (engine !== 'auto' && engine !== 'onnxruntime' && engine !== 'tensorflow') {
    throw new AppError('usage', `--engine is auto, onnxruntime or tensorflow, not ${engine}`)
  }
  const specificity = numberOption('specificity', values.specificity, { min: 0, max: 1 })
  if (values.write && specificity === undefined) throw new AppError('usage', '--write needs --specificity')
  const set: EvaluationSet = {
    ...values.labelled === undefined ? {} : { labelled: values.labelled },
    tuberFree: values['tuber-free'] ?? [],
    ...excluded(values['exclude-slices']),
    ...values.canvases === undefined ? {} : { canvases: values.canvases },
    ...values['label-maps'] === undefined ? {} : { labelMaps: values['label-maps'] },
    count: Math.round(numberOption('count', values.count, { min: 1, max: 1e6 }) ?? 400),
    ...values.patients === undefined ? {} : { patients: values.patients.split(',') },
    ...part(values.part),
    difficulties: values.difficulty.split(','),
    repeats: Math.round(numberOption('repeats', values.repeats, { min: 1, max: 1000 }) ?? 3),
    seed: Math.round(numberOption('seed', values.seed, { min: 0, max: 2 ** 31 }) ?? 1),
  }
  const classifier = await loadModel(values.model, { engine })
  const progress = new Progress(io)
  try {
    const { manifest } = classifier
    const slices: AsyncIterable<EvaluationSlice> = evaluationSlices(set, manifest.preprocessing)
    const judged = await judge(classifier, slices, { signal: io.signal, onSlice: done => { if (io.stderr.isTTY === true) progress.update('judging', done, done) } })
    progress.end()
    if (judged.length === 0) throw new AppError('training-data-invalid', 'there is no slice to evaluate in what was given')
    const threshold = numberOption('threshold', values.threshold, { min: 0, max: 1 }) ?? manifest.output.threshold
    const made = report(judged, { threshold, seriesRule: manifest.seriesRule, specificity })
    const model = { name: manifest.name, version: manifest.version, sha256: classifier.sha256, engine: classifier.engine }
    io.stdout.write(values.json ? `${JSON.stringify({ model, ...made }, undefined, 2)}\n` : asText(model, made))
    if (values.write || values.record !== undefined) await update(values.model, manifest, made, values.write, values.record)
    return exitCodes.ok.code
  } finally {
    await classifier.close()
  }
}

function excluded (text: string | undefined): { excluded?: [number, number] } {
  if (text === undefined) return {}
  const match = /^(\d+)-(\d+)$/.exec(text)
  if (match === null) throw new AppError('usage', `--exclude-slices is a range such as 5-13, not ${text}`)
  return { excluded: [Number(match[1]), Number(match[2])] }
}

function part (text: string | undefined): { part?: { index: number, of: number } } {
  if (text === undefined) return {}
  const match = /^(\d+)\/(\d+)$/.exec(text)
  const [index, of] = [Number(match?.[1]), Number(match?.[2])]
  if (!(index >= 1 && index <= of)) throw new AppError('usage', `--part is one of N parts, such as 1/2, not ${text}`)
  return { part: { index: index - 1, of } }
}

/** Hashes cover the weights, not the manifest: calibration and figures may follow training. */
async function update (
  directory: string, manifest: ModelManifest, made: EvaluationReport, calibrate: boolean, key: string | undefined,
): Promise<void> {
  const { proposal } = made
  const changed: ModelManifest = {
    ...manifest,
    ...calibrate && proposal !== undefined
      ? { output: { ...manifest.output, threshold: round(proposal.threshold) }, seriesRule: proposal.seriesRule }
      : {},
    metrics: { ...manifest.metrics, ...key === undefined ? {} : metricsOf(made, key) },
  }
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(changed, undefined, 2)}\n`)
}

function metricsOf ({ perSlice, tuberFree, paired }: EvaluationReport, key: string): Record<string, number> {
  const named: Record<string, number> = {}
  for (const [name, value] of Object.entries(perSlice.figures)) named[`${key}.${name}`] = round(value)
  if (tuberFree.slices > 0) {
    named[`${key}.falsePositiveRate`] = round(tuberFree.falsePositiveRate)
    named[`${key}.positiveSeriesRate`] = round(tuberFree.positiveSeriesRate)
  }
  for (const [name, { auc }] of Object.entries(paired)) named[`${key}.paired ${name}.auc`] = round(auc)
  return named
}

function round (value: number): number {
  return Number(value.toFixed(4))
}

function asText (model: { name: string, version: string, engine: string }, made: EvaluationReport): string {
  const { perSlice, perContrast, tuberFree, paired, pointing, proposal, series } = made
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`
  const lines = [
    `${model.name} ${model.version} on ${model.engine}; a slice is positive from ${made.threshold.toFixed(4)}, a series by ${JSON.stringify(made.seriesRule)}`,
    '',
    ...figureTable({ all: perSlice, ...Object.keys(perContrast).length > 1 ? perContrast : {} }),
  ]
  if (tuberFree.slices > 0) {
    const range = tuberFree.interval === undefined ? '' : ` (95 % interval over patients ${percent(tuberFree.interval.low)} to ${percent(tuberFree.interval.high)})`
    lines.push('', `tuber-free: ${percent(tuberFree.falsePositiveRate)} of ${tuberFree.slices} slices positive${range}, ${percent(tuberFree.aboveHalf)} from 0.5;`,
      `            ${tuberFree.positiveSeries} of ${tuberFree.series} series positive`)
  }
  const pairs = Object.entries(paired).map(([name, { implanted, without, auc, wins }]) =>
    [name, String(implanted), String(without), auc.toFixed(3), percent(wins)])
  if (pairs.length > 0) lines.push('', ...table(['implanted', 'slices', 'without', 'AUC', 'greater than its own slice without'], pairs))
  for (const [name, { series: count, positive }] of Object.entries(made.withTubers)) {
    lines.push(`${name} tubers in five slices in a row: ${positive} of ${count} series positive`)
  }
  if (pointing !== undefined) lines.push('', `evidence map greatest on the tuber: ${pointing.hits} of ${pointing.slices} slices`)
  if (series.length > 1) {
    lines.push('', ...table(['series', 'tuber', 'positive slices', 'positive'], series.map(one =>
      [one.series, one.label === 1 ? 'yes' : 'no', `${one.positiveSlices} of ${one.slices}`, one.positive ? 'yes' : 'no'])))
  }
  if (proposal !== undefined) {
    lines.push('', `for a specificity of ${proposal.specificity}: threshold ${proposal.threshold.toFixed(4)}, series rule ${JSON.stringify(proposal.seriesRule)}`)
  }
  return `${lines.join('\n')}\n`
}

function figureTable (groups: Readonly<Record<string, SliceFigures>>): string[] {
  const names = ['sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'accuracy', 'auc', 'logLoss'] as const
  const rows = Object.entries(groups).map(([group, { slices, patients, figures, intervals }]) => [
    group, String(slices), String(patients),
    ...names.map(name => {
      const value = figures[name]
      const interval = intervals[name]
      if (value === undefined) return '–'
      return interval === undefined ? value.toFixed(3) : `${value.toFixed(3)} [${interval.low.toFixed(2)}, ${interval.high.toFixed(2)}]`
    }),
  ])
  return table(['slices of', 'count', 'patients', ...names], rows)
}
