import type { Conclusion } from '../model/finding.ts'
import type { ReportContext } from '../report/report-context.ts'
import type { SeriesFindings, StudyFindings } from '../report/series-findings.ts'
import { thresholdText } from '../report/sentences.ts'
import { table } from './table.ts'
import type { WrittenResult } from './write-results.ts'

type Model = ReportContext['model']

const words: Readonly<Record<Conclusion, string>> = {
  present: 'tuber: present', absent: 'tuber: absent', undetermined: 'undetermined',
}

/** The findings of some studies for a terminal. */
export function asTable (studies: readonly StudyFindings[], model: Model, files: number, folder: string): string {
  const { manifest, engine } = model
  return [
    ...studies.flatMap((study, i) => studyLines(study, model, studies.length === 1 ? '' : ` ${i + 1}`)),
    files === 0 ? 'nothing was written.' : `${files} objects in ${folder}. Model ${manifest.name} ${manifest.version} on ${engine}.`,
    'Research use only. Not for diagnostic use.',
    '',
  ].join('\n')
}

function studyLines (study: StudyFindings, { manifest }: Model, number: string): string[] {
  const { threshold } = manifest.output
  const rows = study.series.map(series => {
    const { positive, without, highest } = counts(series, threshold)
    return [
      String(series.seriesNumber ?? '–'),
      series.seriesDescription || '–',
      series.contrast,
      String(series.slices.length),
      String(positive),
      String(without),
      highest === undefined ? '–' : `${highest.probability.toFixed(2)} (image ${highest.instanceNumber ?? '?'})`,
      words[series.conclusion],
    ]
  })
  const head = ['series', 'description', 'contrast', 'slices', `p ≥ ${thresholdText(threshold)}`, 'no result', 'highest p', 'by algorithm']
  return [
    `Study${number}: ${words[study.conclusion]} (by algorithm)`,
    '',
    ...(rows.length === 0 ? ['no axial T2 or FLAIR series'] : table(head, rows)),
    ...study.series.flatMap(series => [series.ruleText, ...series.notes].map(note => `  series ${series.seriesNumber ?? '–'}: ${note}`)),
    ...study.series.flatMap(series => series.slices.flatMap(({ slice, finding }) => finding.kind === 'classified'
      ? []
      : [`  series ${series.seriesNumber ?? '–'} image ${slice.instanceNumber ?? '?'}: ${finding.kind}: ${finding.reason.text}`])),
    ...study.excluded.map(({ seriesNumber, description, reason }) =>
      `  not analysed: series ${seriesNumber ?? '–'}${description === '' ? '' : ` ${description}`}: ${reason}`),
    '',
  ]
}

interface Highest { readonly probability: number, readonly instanceNumber: number | undefined }
interface Counts {
  readonly positive: number
  /** Failed or undetermined. */
  readonly without: number
  readonly highest: Highest | undefined
}

function counts (series: SeriesFindings, threshold: number): Counts {
  const classified = series.slices.flatMap(({ slice, finding }): Highest[] => finding.kind === 'classified'
    ? [{ probability: finding.probability, instanceNumber: slice.instanceNumber }]
    : [])
  return {
    positive: classified.filter(({ probability }) => probability >= threshold).length,
    without: series.slices.length - classified.length,
    highest: [...classified].sort((a, b) => b.probability - a.probability)[0],
  }
}

/** The findings for programs: probabilities in full, maps left out. */
export function asJson (studies: readonly StudyFindings[], model: Model, written: readonly WrittenResult[]): string {
  const { manifest: { name, version, output: { threshold } }, sha256, engine } = model
  return `${JSON.stringify({
    researchUseOnly: true,
    model: { name, version, sha256, engine, threshold },
    studies: studies.map(study => ({
      conclusion: study.conclusion,
      series: study.series.map(series => ({
        studyInstanceUid: series.studyInstanceUid,
        seriesInstanceUid: series.seriesInstanceUid,
        seriesNumber: series.seriesNumber,
        contrast: series.contrast,
        conclusion: series.conclusion,
        rule: series.ruleText,
        notes: series.notes,
        slices: series.slices.map(({ slice, finding }) => ({
          sopInstanceUid: slice.source.sopInstanceUid,
          frameNumber: slice.frameNumber,
          instanceNumber: slice.instanceNumber,
          kind: finding.kind,
          ...(finding.kind === 'classified' ? { probability: finding.probability } : { reason: finding.reason }),
        })),
      })),
      excluded: study.excluded,
    })),
    files: written.map(({ kind, path, sopInstanceUid }) => ({ kind, path, sopInstanceUid })),
  }, null, 2)}\n`
}
