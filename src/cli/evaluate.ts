import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { softwareVersion } from '../analysis/software.ts'
import { AppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import { looksOf } from '../imaging/out-of-distribution.ts'
import type { Looks } from '../imaging/out-of-distribution.ts'
import type { Classifier } from '../model/classifier.ts'
import { heatmapMethods } from '../model/finding.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { fitDistribution } from '../training/distribution.ts'
import type { StatisticsSample } from '../training/distribution.ts'
import { judge, underRule } from '../training/evaluation.ts'
import type { Judgement } from '../training/evaluation.ts'
import { charts, evaluationPage } from '../training/evaluation-page.ts'
import type { EvaluatedModel } from '../training/evaluation-page.ts'
import { report } from '../training/evaluation-report.ts'
import type { EvaluationReport } from '../training/evaluation-report.ts'
import { evaluationSlices } from '../training/evaluation-set.ts'
import type { EvaluationSet } from '../training/evaluation-set.ts'
import { foldChooser, foldFacts } from '../training/folds.ts'
import type { CaughtCount } from '../training/unlike-slices.ts'
import { recordEvaluation } from '../training/record-evaluation.ts'
import { countUnlike, SpoiledCounter } from '../training/unlike-slices.ts'
import { engineOptions, engineSettings } from './engine-options.ts'
import { openMapChecker, openModels, told, withRule } from './evaluation-folds.ts'
import { evaluationText } from './evaluation-text.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { numberOption, parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'

export const help = `Usage: tuberlens evaluate --model DIR [--fold PATIENTS=DIR …]
         (--labelled CSV | --tuber-free DIR … | --canvases DIR | --label-maps DIR) [OPTIONS]

Measures a model on what it was not trained on: per slice, series and patient, per contrast and manufacturer, with 95 %
intervals over patients. Slices that fail or are undetermined are counted and named.

Which network judges whom:
  --model DIR            this one every patient, or every patient that no --fold names
  --fold PATIENTS=DIR    the network in DIR these patients, separated by commas (a name may end in *); may be given
                         several times: every patient is judged by a network that never saw it, which its manifest is
                         asked for. Threshold and rules are those of --model, else of the first fold

What to measure on:
  --labelled CSV         a line for each file or series, with a header: file,patient,label (1 has tubers, 0 has
                         none) and, where known, mask, contrast, vendor, series. A file is DICOM (also
                         multi-frame), NIfTI, JPG or PNG; a folder is a series of them. DICOM is selected as
                         analyze selects it. A mask is a picture of the slice's size, white where the tuber is; of a
                         NIfTI volume a NIfTI volume; of a folder a folder of masks named like the slices. Label a
                         series 1 without masks, and its slices count with it only
  --tuber-free DIR       real series without tubers, NIfTI or DICOM; may be given several times; slices within two of a
                         …_tumourmask beside a volume do not count
  --exclude-slices A-B   InstanceNumbers of DICOM series that do not count (a known lesion)
  --canvases DIR         the paired test: tubers implanted into real slices against the same slices without
  --label-maps DIR       synthetic slices of label maps; with --count N (400)
  --patients NAMES       only these, separated by commas; --leave-out NAMES all but these
  --part K/N             every N-th patient, beginning with the K-th: for calibration and test apart
  --difficulty NAMES     of implanted tubers: easy, moderate, subtle (all three)
  --repeats N            implantations into each slice (3)

What to measure:
  --threshold P          instead of the manifest's
  --maps NAMES           to be compared with the masks: grad-cam, saliency, evidence (default: evidence where there
                         is one, else grad-cam)
  --check-maps N         of every N-th slice of --canvases (one moderate tuber, two repeats at least): what shuffled
                         weights and a moved tuber do to the maps
  --unlike DIR           slices that should be undetermined: other contrasts, other parts of the body; may be given
                         several times
  --spoil N              every N-th slice also blank, inverted, noisy, folded, …: how many of these are undetermined

What to propose (nothing is changed without --write):
  --specificity S        a threshold for S of the tuber-free slices, and a series rule for S of the tuber-free patients
                         What they are worth is told by calibrating on all other patients, each left out once
  --calibrate-on WHAT    patients: all weigh the same (the default); slices: these do; FLAIR or T2: of these alone;
                         strictest: the greatest of the contrasts' thresholds
  --distribution         what the slices look like that were given, so that others are undetermined
  --accept S             the share of slices that --distribution lets pass when their patient was not seen (0.985)
  --write                put what was proposed into the model's manifest
  --record KEY           put the main figures into the model's manifest, under KEY

Where it goes:
  --out DIR              evaluation.html, evaluation.json with every slice, roc.svg, reliability.svg
  --json                 the figures as JSON instead of a table
  --engine auto|onnxruntime|tensorflow
  --device cpu|cuda      what onnxruntime computes on (cpu)
  --seed N (1)           of implanted tubers and of intervals
`

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values } = parseOptions(() => parseArgs({
    args,
    options: {
      model: { type: 'string' },
      fold: { type: 'string', multiple: true },
      labelled: { type: 'string' },
      'tuber-free': { type: 'string', multiple: true },
      'exclude-slices': { type: 'string' },
      canvases: { type: 'string' },
      'label-maps': { type: 'string' },
      count: { type: 'string' },
      patients: { type: 'string' },
      'leave-out': { type: 'string' },
      part: { type: 'string' },
      difficulty: { type: 'string', default: 'easy,moderate,subtle' },
      repeats: { type: 'string' },
      threshold: { type: 'string' },
      maps: { type: 'string' },
      'check-maps': { type: 'string' },
      unlike: { type: 'string', multiple: true },
      spoil: { type: 'string' },
      specificity: { type: 'string' },
      distribution: { type: 'boolean', default: false },
      'calibrate-on': { type: 'string' },
      accept: { type: 'string' },
      write: { type: 'boolean', default: false },
      record: { type: 'string' },
      out: { type: 'string' },
      ...engineOptions,
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  }))
  const engine = engineSettings(values)
  const specificity = numberOption('specificity', values.specificity, { min: 0, max: 1 })
  const accepted = numberOption('accept', values.accept, { min: 0.5, max: 1 }) ?? 0.985
  if (values.write && specificity === undefined && !values.distribution) throw new AppError('usage', '--write needs --specificity or --distribution')
  if ((values.write || values.record !== undefined) && values.model === undefined && values.fold !== undefined) {
    throw new AppError('usage', '--write and --record need --model: which manifest to change')
  }
  const maps = mapsNamed(values.maps)
  const step = numberOption('spoil', values.spoil, { min: 1, max: 1e6 })
  const checkEvery = numberOption('check-maps', values['check-maps'], { min: 1, max: 1e6 })
  if (checkEvery !== undefined && (values.model === undefined || values.fold !== undefined)) {
    throw new AppError('usage', '--check-maps is for one --model, without --fold')
  }
  const seed = Math.round(numberOption('seed', values.seed, { min: 0, max: 2 ** 31 }) ?? 1)
  const progress = new Progress(io)
  const set: EvaluationSet = {
    ...values.labelled === undefined ? {} : { labelled: values.labelled },
    tuberFree: values['tuber-free'] ?? [],
    ...excluded(values['exclude-slices']),
    ...values.canvases === undefined ? {} : { canvases: values.canvases },
    ...values['label-maps'] === undefined ? {} : { labelMaps: values['label-maps'] },
    count: Math.round(numberOption('count', values.count, { min: 1, max: 1e6 }) ?? 400),
    ...values.patients === undefined ? {} : { patients: values.patients.split(',') },
    ...values['leave-out'] === undefined ? {} : { leftOut: values['leave-out'].split(',') },
    ...part(values.part),
    difficulties: values.difficulty.split(','),
    repeats: Math.round(numberOption('repeats', values.repeats, { min: 1, max: 1000 }) ?? 3),
    seed,
    signal: io.signal,
    onRow: (done, total) => progress.update('files', done, total),
  }
  const { reference, folds, close } = await openModels(values.model, values.fold ?? [], engine)
  let checks: Awaited<ReturnType<typeof openMapChecker>> | undefined
  try {
    const { manifest } = reference
    const threshold = numberOption('threshold', values.threshold, { min: 0, max: 1 }) ?? manifest.output.threshold
    const samples: StatisticsSample[] = []
    const spoiled = step === undefined ? undefined : new SpoiledCounter(manifest, Math.round(step), seed)
    const judging = (classifier: Classifier): Classifier => values.distribution ? withRule(classifier, undefined) : classifier
    const chosen = folds.length === 0
      ? judging(reference)
      : told(io, foldChooser(folds.map(fold => ({ ...fold, classifier: judging(fold.classifier) }))))
    const looks: Looks[] = []
    if (checkEvery !== undefined) {
      checks = await openMapChecker(values.model!, reference, { maps, step: Math.round(checkEvery), seed, engine })
    }
    const found = await judge(chosen, evaluationSlices(set, manifest.preprocessing), {
      signal: io.signal,
      ...maps === undefined ? {} : { maps },
      onSlice: done => { if (values.labelled === undefined && io.stderr.isTTY === true) progress.update('slices', done, done) },
      onJudged: async slice => {
        spoiled?.see(slice.raster)
        await checks?.checker.see(slice)
        if (!values.distribution) return
        const own = looksOf(slice.raster, manifest.preprocessing)
        looks.push(own)
        const { contrast, patient, series } = slice
        const synthetic = series === undefined || slice.pair !== undefined
        const { statistics, repetition } = own
        if (statistics !== undefined) samples.push({ statistics, repetition, contrast, patient, synthetic })
      },
    })
    progress.end()
    nothingToSay(found)
    const distribution = values.distribution ? fitDistribution(samples, accepted) : undefined
    // the figures, and what is proposed, are those of the model as it would be: what is undetermined counts in nothing
    const judgement = distribution === undefined ? found : underRule(found, looks, distribution)
    const unlike = { ...spoiled?.counts, ...await countFolders(values.unlike ?? [], manifest, io.signal) }
    const { seriesRule } = manifest
    const calibration = { specificity, calibrateOn: values['calibrate-on'] }
    const made = report(judgement, { threshold, seriesRule, ...calibration, unlike, mapChecks: checks?.checker.checks, seed })
    const { sha256, engine: usedEngine } = reference
    const { name, version } = manifest
    const model = { name, version, sha256, engine: usedEngine, ...foldFacts(folds, judgement) }
    if (values.out !== undefined) await writeReport(values.out, made, judgement, { model, command: commandLine(args) })
    const figures = { model, ...made, ...distribution === undefined ? {} : { distribution } }
    io.stdout.write(values.json ? `${JSON.stringify(figures, undefined, 2)}\n` : evaluationText(model, made))
    if (distribution !== undefined && !values.json) {
      io.stdout.write(`distribution: ${distribution.kinds.map(kind => kind.name).join('; ')}; limit ${distribution.limit} for ${accepted} of the slices of patients left out\n`)
    }
    if (values.write || values.record !== undefined) {
      const written = values.write ? { proposal: made.proposal, distribution } : {}
      await recordEvaluation(values.model!, manifest, made, { ...written, key: values.record })
    }
    return judgement.unjudged.some(({ outcome }) => outcome === 'failed') ? exitCodes.partial.code : exitCodes.ok.code
  } finally {
    progress.end()
    await checks?.close()
    await close()
  }
}

function nothingToSay ({ judged, unjudged }: Judgement): void {
  if (judged.length > 0) return
  const [first] = unjudged
  throw new AppError('training-data-invalid', first === undefined
    ? 'there is no slice to evaluate in what was given'
    : `there is no slice to evaluate in what was given; of ${unjudged.length}, the first: ${first.reason.text}`)
}

async function countFolders (
  folders: readonly string[], manifest: ModelManifest, signal: AbortSignal,
): Promise<Record<string, CaughtCount>> {
  const decoder = createDecoder()
  try {
    const out: Record<string, CaughtCount> = {}
    for (const folder of folders) Object.assign(out, await countUnlike(folder, { ...manifest, decoder, signal }))
    return out
  } finally {
    await decoder.close()
  }
}

async function writeReport (
  folder: string, made: EvaluationReport, { judged, unjudged }: Judgement, run: { model: EvaluatedModel, command: string },
): Promise<void> {
  const facts = { ...run, software: softwareVersion(), date: new Date().toISOString().slice(0, 10) }
  const { roc, reliability } = charts(made)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'evaluation.html'), evaluationPage(made, facts))
  await writeFile(join(folder, 'evaluation.json'), `${JSON.stringify({ ...facts, ...made, slices: [...judged, ...unjudged] })}\n`)
  await writeFile(join(folder, 'roc.svg'), `${roc}\n`)
  await writeFile(join(folder, 'reliability.svg'), `${reliability}\n`)
}

/** Folders by their last name alone: the rest says where a site keeps its patients. */
function commandLine (args: readonly string[]): string {
  const named = (arg: string): string => {
    const [, before = '', path = ''] = /^([^/=]*=)?(.*)$/s.exec(arg) ?? []
    return path.includes('/') && !/^\d+\/\d+$/.test(path) ? `${before}${basename(path)}` : arg
  }
  return ['tuberlens evaluate', ...args.map(named)].join(' ')
}

function mapsNamed (text: string | undefined): readonly HeatmapMethod[] | undefined {
  if (text === undefined) return undefined
  return text.split(',').map(name => {
    const found = heatmapMethods.find(method => method === name)
    if (found === undefined) throw new AppError('usage', `--maps names ${heatmapMethods.join(', ')}; not ${name}`)
    return found
  })
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
