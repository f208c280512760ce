import type { Attributes } from '../dicom/attributes.ts'

/** What the Structured Report of one series says, read from the object itself as a receiving system would. */
export interface ReportLines {
  readonly seriesDescription: string
  /** Present, Absent or Undetermined. */
  readonly result: string
  /** The sentence on the series. */
  readonly summary: string
  /** The sentence on the study. */
  readonly conclusion: string
}

const qualitativeEvaluations = 'C0034375'
const summaryCode = '121111'
const conclusionCode = '121077'

/** Reads the Qualitative Evaluations of a TID 1500 report. */
export function readReport (report: Attributes): ReportLines {
  const conceptOf = (item: Attributes) => item.items('ConceptNameCodeSequence')[0]?.string('CodeValue')
  const evaluations = report.items('ContentSequence').find(item => conceptOf(item) === qualitativeEvaluations)?.items('ContentSequence') ?? []
  const textOf = (code: string) => evaluations.find(item => conceptOf(item) === code)?.string('TextValue') ?? ''
  const coded = evaluations.find(item => item.string('ValueType') === 'CODE')
  return {
    seriesDescription: report.string('SeriesDescription') ?? '',
    result: coded?.items('ConceptCodeSequence')[0]?.string('CodeMeaning') ?? 'not stated',
    summary: textOf(summaryCode),
    conclusion: textOf(conclusionCode),
  }
}
