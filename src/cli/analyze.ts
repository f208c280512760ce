import { parseArgs } from 'node:util'
import { selectInOrder } from '../analysis/analyze-study.ts'
import { extraKinds } from '../analysis/deliverable.ts'
import { groupByStudy } from '../analysis/group-by-study.ts'
import { isPictureName, pictureFiles, readInputs } from '../analysis/read-inputs.ts'
import { shippedModelDir } from '../analysis/software.ts'
import { groupBySeries } from '../dicom/group-by-series.ts'
import { AppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { heatmapMethods } from '../model/finding.ts'
import { loadModel } from '../model/load-model.ts'
import type { StudyFindings } from '../report/series-findings.ts'
import { analyzePictures } from './analyze-pictures.ts'
import { engineOptions, engineSettings } from './engine-options.ts'
import { exitCodes } from './exit-codes.ts'
import { asJson, asTable } from './findings-text.ts'
import type { CliIo } from './io.ts'
import { objectOptions, objectSettings } from './object-options.ts'
import { parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'
import { nothingReadable, reportUnusable } from './report-unusable.ts'
import { stowResults } from './stow-results.ts'
import { writeResults } from './write-results.ts'
import type { WrittenResult } from './write-results.ts'

export const help = `Usage: tuberlens analyze PATH… --out DIR [OPTIONS]

Analyses the axial T2 and FLAIR series in the files and folders and writes, to DIR, one Structured Report per
series, one heatmap per slice and method, and one summary page per study, all as DICOM.
The same input gives the same bytes. Research use only.

JPG and PNG files, and folders of them, are slices one by one: windowed, upright, axial T2 or FLAIR. They give findings
(findings.json) and heatmaps as PNG; no DICOM is written of them.

  --out DIR             where results go; made if absent; files of an earlier run are replaced
  --model DIR           model folder (default: the model that comes with tuberlens)
  --engine NAME         auto, onnxruntime or tensorflow (default: auto)
  --device NAME         what onnxruntime computes on: cpu, or cuda for an NVIDIA GPU (default: cpu)
  --methods LIST        maps to compute: grad-cam, saliency, evidence, or none (default: grad-cam,saliency)
  --heatmap-scope S     slices whose heatmaps are written: all, positive-series, positive-slices, top-5 (the highest
                        of each series) or none (default: all)
  --heatmap-multiframe  one image of several frames for each series and method, instead of one for each slice
  --sr-scope S          series: a report for each analysed series; study: one for all of them (default: series)
  --sc-compression C    compression of the heatmaps and the summary page: none or rle (default: none)
  --time ISO            date the results with this moment (default: the newest acquisition in the input)
  --png                 also write a PNG of each heatmap and of the summary
  --pdf                 also write the report as PDF: report.pdf, and report.dcm for a PACS
  --parametric-maps     also write the maps as numbers: a Parametric Map for each series and method
  --key-objects         also write a Key Object Selection of the positive slices, where there are any
  --fhir                also write the reports as FHIR R4: fhir.json
  --stow URL            also store the results in the PACS with this DICOMweb root
  --json                print the findings as JSON
`

const options = {
  out: { type: 'string' },
  model: { type: 'string' },
  methods: { type: 'string', default: 'grad-cam,saliency' },
  time: { type: 'string' },
  png: { type: 'boolean', default: false },
  pdf: { type: 'boolean', default: false },
  fhir: { type: 'boolean', default: false },
  'key-objects': { type: 'boolean', default: false },
  stow: { type: 'string' },
  json: { type: 'boolean', default: false },
  ...engineOptions,
  ...objectOptions,
} as const

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseOptions(() => parseArgs({ args, allowPositionals: true, options }))
  if (positionals.length === 0) throw new AppError('usage', 'analyze needs at least one file or folder')
  if (values.out === undefined) throw new AppError('usage', 'analyze needs --out DIR')
  const methods = methodsOption(values.methods)
  const startedAt = timeOption(values.time)
  const engine = engineSettings(values)
  const objects = objectSettings(values)
  const extras = extraKinds.filter(kind => values[kind])
  const pacs = values.stow === undefined ? undefined : urlOption('stow', values.stow)

  const progress = new Progress(io)
  const inputs = await readInputs(positionals.filter(path => !isPictureName(path)), { signal: io.signal, onProgress: (done, total) => progress.update('reading', done, total) })
  progress.end()
  reportUnusable(inputs, io)
  const pictures = inputs.instances.length === 0 ? await pictureFiles(positionals) : positionals.filter(isPictureName)
  if (inputs.instances.length === 0 && pictures.length === 0) throw nothingReadable(inputs)
  if (pictures.length > 0) refuseForPictures(inputs.instances.length, values)

  const classifier = await loadModel(values.model ?? shippedModelDir(), engine)
  const decoder = createDecoder()
  try {
    const tools = {
      classifier, decoder, methods, signal: io.signal, onProgress: (done: number, total: number) => progress.update('analysing', done, total),
    }
    const model = { manifest: classifier.manifest, sha256: classifier.sha256, engine: classifier.engine }
    if (pictures.length > 0) {
      const code = await analyzePictures(pictures, {
        folder: values.out, model, tools, scope: objects.heatmapScope, json: values.json,
      }, io)
      progress.end()
      return code === exitCodes.ok.code && inputs.unusable.length > 0 ? exitCodes.partial.code : code
    }
    const given = groupByStudy(groupBySeries(inputs.instances))
    const studies: StudyFindings[] = []
    const written: WrittenResult[] = []
    for (const [i, series] of given.entries()) {
      const folder = given.length === 1 ? values.out : `${values.out}/study-${i + 1}`
      const results = await writeResults(selectInOrder(series), tools, {
        folder, model, startedAt, png: values.png, extras, objects, fhir: values.fhir, onWritten: n => progress.update('writing', n, n),
      })
      studies.push(results.study)
      written.push(...results.written)
      progress.end()
    }
    io.stdout.write(values.json ? asJson(studies, model, written) : asTable(studies, model, written.length, values.out))
    const stored = pacs === undefined || await stowResults(pacs, written, io)
    return exitCode(studies, inputs.unusable.length, stored)
  } finally {
    await classifier.close()
    await decoder.close()
  }
}

/** Options that say something of DICOM objects. */
const dicomOptions = [
  'pdf', 'key-objects', 'fhir', 'stow', 'time', 'parametric-maps', 'heatmap-multiframe', 'sr-scope', 'sc-compression',
] as const

/** What pictures cannot be asked for. @throws AppError `usage` */
function refuseForPictures (instances: number, values: Readonly<Partial<Record<typeof dicomOptions[number], unknown>>>): void {
  if (instances > 0) throw new AppError('usage', 'give DICOM and pictures to analyze one after the other: their results differ')
  for (const name of dicomOptions) {
    const option = options[name]
    if (values[name] !== ('default' in option ? option.default : undefined)) {
      throw new AppError('usage', `--${name} needs DICOM; of pictures only findings and PNG heatmaps are written`)
    }
  }
}

function exitCode (studies: readonly StudyFindings[], unusable: number, stored: boolean): number {
  const series = studies.flatMap(study => study.series)
  if (series.length === 0) return exitCodes.noSeries.code
  if (!stored) return exitCodes.remote.code
  const failed = series.some(({ slices }) => slices.some(({ finding }) => finding.kind === 'failed'))
  return failed || unusable > 0 ? exitCodes.partial.code : exitCodes.ok.code
}

function methodsOption (text: string): HeatmapMethod[] {
  if (text === 'none') return []
  return text.split(',').map(word => {
    const method = heatmapMethods.find(known => known === word.trim())
    if (method === undefined) throw new AppError('usage', `--methods knows ${heatmapMethods.join(', ')} and none, not "${word}"`)
    return method
  })
}

function timeOption (text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new AppError('usage', `--time must be a moment such as 2026-01-31T13:45:00Z, not "${text}"`)
  return at
}

function urlOption (name: string, text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new AppError('usage', `--${name} must be a URL such as http://pacs:8042/dicom-web`)
  return text
}
