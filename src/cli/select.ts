import { parseArgs } from 'node:util'
import { groupByStudy } from '../analysis/group-by-study.ts'
import { readInputs } from '../analysis/read-inputs.ts'
import { groupBySeries } from '../dicom/group-by-series.ts'
import { AppError } from '../errors.ts'
import { selectStudy } from '../selection/select-study.ts'
import type { SeriesSelection } from '../selection/series-selection.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'
import { nothingReadable, reportUnusable } from './report-unusable.ts'
import { table } from './table.ts'

export const help = `Usage: tuberlens select PATH… [--evidence] [--json]

Shows, for each series in the files and folders, whether it would be analysed and why.
Nothing is analysed and nothing is written.

  --evidence   list the attributes that decided, with their values
  --json       print everything as JSON
`

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseOptions(() => parseArgs({
    args, allowPositionals: true, options: { evidence: { type: 'boolean' }, json: { type: 'boolean' } },
  }))
  if (positionals.length === 0) throw new AppError('usage', 'select needs at least one file or folder')
  const progress = new Progress(io)
  const inputs = await readInputs(positionals, { signal: io.signal, onProgress: (done, total) => progress.update('reading', done, total) })
  progress.end()
  reportUnusable(inputs, io)
  if (inputs.instances.length === 0) throw nothingReadable(inputs)
  const studies = groupByStudy(groupBySeries(inputs.instances)).map(study => selectStudy(study))
  const series = studies.flatMap(study => study.series)
  const primaries = new Set(studies.flatMap(({ primary }) => Object.values(primary)))
  const isPrimary = (selection: SeriesSelection) => primaries.has(selection)
  io.stdout.write(values.json === true ? asJson(series, isPrimary) : asTable(series, isPrimary, values.evidence === true))
  const selected = series.some(({ verdict }) => verdict === 'selected')
  if (inputs.unusable.length > 0) return exitCodes.partial.code
  return selected ? exitCodes.ok.code : exitCodes.noSeries.code
}

type IsPrimary = (selection: SeriesSelection) => boolean

function asTable (series: readonly SeriesSelection[], isPrimary: IsPrimary, evidence: boolean): string {
  const rows = series.map(selection => {
    const { attributes } = selection.series.instances[0]!
    const decision = selection.verdict === 'selected' ? `yes, ${selection.groups.map(group => group.contrast).join(' and ')}` : 'no'
    return [
      attributes.string('SeriesNumber') ?? '–',
      attributes.string('SeriesDescription') ?? '–',
      String(selection.series.slices.length),
      `${decision}${isPrimary(selection) ? ' (primary)' : ''}`,
      `${selection.reason.text}${selection.verdict === 'rejected' ? ` [${selection.reason.code}]` : ''}`,
    ]
  })
  const lines = table(['series', 'description', 'frames', 'analysed', 'why'], rows)
  const details = series.map((selection, i) => [
    lines[i + 2]!,
    ...selection.notes.map(note => `    note: ${note}`),
    ...(evidence ? selection.evidence.map(({ attribute, value, rule }) => `    ${attribute} = ${value}: ${rule}`) : []),
  ].join('\n'))
  return [lines[0]!, lines[1]!, ...details, ''].join('\n')
}

function asJson (series: readonly SeriesSelection[], isPrimary: IsPrimary): string {
  return `${JSON.stringify(series.map(selection => ({
    studyInstanceUid: selection.series.studyInstanceUid,
    seriesInstanceUid: selection.series.seriesInstanceUid,
    seriesNumber: selection.series.instances[0]!.attributes.number('SeriesNumber'),
    seriesDescription: selection.series.instances[0]!.attributes.string('SeriesDescription'),
    frames: selection.series.slices.length,
    verdict: selection.verdict,
    primary: isPrimary(selection),
    reason: selection.reason,
    groups: selection.groups.map(({ contrast, echoTime, slices, completeness, notes }) =>
      ({ contrast, echoTime, slices: slices.length, completeness, notes })),
    rejected: selection.rejected,
    evidence: selection.evidence,
    notes: selection.notes,
  })), null, 2)}\n`
}
