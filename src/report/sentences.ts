import { researchOnly } from './common-modules.ts'
import type { ReportContext } from './report-context.ts'
import { seriesIdentity } from './result-uids.ts'
import { sliceLabel } from './result-series.ts'
import type { ExcludedSeries, SeriesFindings, SliceResult, StudyFindings } from './series-findings.ts'

/** A slice that has a probability. */
export interface ClassifiedSlice { readonly series: SeriesFindings, readonly result: SliceResult, readonly probability: number }

/** Of one or more series, the slices that have a probability, highest first; equal ones in source order. */
export function byProbability (series: readonly SeriesFindings[]): ClassifiedSlice[] {
  return series
    .flatMap(one => one.slices.flatMap(result =>
      result.finding.kind === 'classified' ? [{ series: one, result, probability: result.finding.probability }] : []))
    .sort((a, b) => b.probability - a.probability)
}

/** Two decimals, as people read probabilities. */
export function probabilityText (probability: number): string {
  return probability.toFixed(2)
}

/** At least two decimals, and as many of the threshold's own as decide (up to six). */
export function thresholdText (threshold: number): string {
  const digits = String(Number(threshold.toFixed(6))).split('.')[1] ?? ''
  return threshold.toFixed(Math.max(2, digits.length))
}

/** One word and its kind of origin, as every result says it. */
export const conclusionWords = {
  present: 'PRESENT by algorithm',
  absent: 'ABSENT by algorithm',
  undetermined: 'UNDETERMINED by algorithm',
} as const

/** The study-level sentence (Conclusion): result, series, highest probability and its image, slice threshold. */
export function conclusionSentence (study: StudyFindings, context: ReportContext): string {
  const best = byProbability(study.series)[0]
  const threshold = thresholdText(context.model.manifest.output.threshold)
  const positive = study.series.filter(series => series.conclusion === 'present').map(seriesName)
  return [
    `Cortical tubers: ${conclusionWords[study.conclusion]}.`,
    ...(positive.length === 0 ? [] : [`Positive: ${positive.join('; ')}.`]),
    best === undefined
      ? 'No slice could be classified.'
      : `Highest probability ${probabilityText(best.probability)} (${labelOf(best)}); a slice is positive at >= ${threshold}.`,
  ].join(' ')
}

/** The sentence of one series (Summary): how many slices are positive, the highest, what failed, and what the rule made of it. */
export function summarySentence (series: SeriesFindings, context: ReportContext): string {
  const { threshold } = context.model.manifest.output
  const classified = byProbability([series])
  const best = classified[0]
  const positive = classified.filter(({ probability }) => probability >= threshold).length
  const failed = series.slices.filter(({ finding }) => finding.kind === 'failed').length
  const undetermined = series.slices.filter(({ finding }) => finding.kind === 'undetermined').length
  return [
    `${seriesName(series)}: ${positive} of ${series.slices.length} slices >= ${thresholdText(threshold)}` +
      (best === undefined ? '.' : `, max ${probabilityText(best.probability)} (${labelOf(best)}).`),
    ...(failed === 0 ? [] : [`${failed} failed.`]),
    ...(undetermined === 0 ? [] : [`${undetermined} undetermined.`]),
    series.ruleText,
  ].join(' ')
}

/** What else the reader must know (Comment): research only, which contrasts there were, notes, excluded series. */
export function commentSentences (study: StudyFindings, series: readonly SeriesFindings[]): string[] {
  return [researchOnly, contrastsSentence(study), ...notes(series), ...study.excluded.map(excludedSentence)]
}

/** Of several series, each note once: with the series that it is about, unless it is about all of them. */
function notes (series: readonly SeriesFindings[]): string[] {
  const all = new Set(series.flatMap(one => one.notes))
  return [...all].flatMap(note => {
    const about = series.filter(one => one.notes.includes(note))
    return about.length === series.length ? [note] : about.map(one => `${seriesName(one)}: ${note}`)
  })
}

/** Which of T2 and FLAIR were analysed and which were missing. */
export function contrastsSentence (study: StudyFindings): string {
  const analysed = (['T2', 'FLAIR'] as const).filter(contrast => study.series.some(series => series.contrast === contrast))
  const missing = (['T2', 'FLAIR'] as const).filter(contrast => !analysed.includes(contrast))
  return `Analysed: ${analysed.length === 0 ? 'nothing' : analysed.join(', ')}.` +
    (missing.length === 0 ? '' : ` Not available: ${missing.join(', ')}.`)
}

/** A series that was not analysed, and why. */
export function excludedSentence (excluded: ExcludedSeries): string {
  const number = excluded.seriesNumber === undefined ? '' : ` ${excluded.seriesNumber}`
  const description = excluded.description === '' ? '' : ` "${excluded.description}"`
  return `Not analysed: series${number}${description}: ${excluded.reason}`
}

function seriesName (series: SeriesFindings): string {
  const number = series.seriesNumber === undefined ? '' : ` ${series.seriesNumber}`
  const description = series.seriesDescription === '' ? '' : ` ${series.seriesDescription}`
  return `Series${number}${description} (${series.contrast})`
}

function labelOf ({ series, result }: ClassifiedSlice): string {
  return sliceLabel(result.slice, seriesIdentity(series))
}
