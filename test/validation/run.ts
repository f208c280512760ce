import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { loadModel } from '../../src/model/load-model.ts'
import { sharedData } from '../helpers/data.ts'
import { fhirSchemaFile } from '../helpers/fhir.ts'
import { makeResults } from './results.ts'
import type { Source } from './sources.ts'
import { judge, judges, missingJudges, withPython } from './verdicts.ts'
import type { Judge, Judged } from './verdicts.ts'

/** Finds bright spots: quick, and positive often enough. */
export const tinyModel = resolve(import.meta.dirname, '../../fixtures/tiny-model')

/** What came of it: the sets that were judged, and who and what was not there. */
export interface Validation {
  readonly judged: readonly Judged[]
  readonly missing: readonly Judge[]
  readonly absent: readonly Source[]
}

/** Makes every result of every source in a folder that is gone afterwards, and has it judged. */
export async function validate (sources: readonly Source[], onSource: (name: string) => void = () => undefined): Promise<Validation> {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-validation-'))
  const classifier = await loadModel(tinyModel, { engine: 'onnxruntime' })
  const decoder = createDecoder({ workers: 1 })
  try {
    const schema = fhirSchemaFile()
    const missing = missingJudges(schema)
    const judged: Judged[] = []
    const absent: Source[] = []
    for (const [i, source] of sources.entries()) {
      const data = source.data === undefined ? '' : sharedData(source.data)
      if (data === undefined) {
        absent.push(source)
        continue
      }
      onSource(source.name)
      const place = join(folder, String(i + 1))
      const results = await makeResults(source, data, place, { classifier, decoder })
      judged.push(await judge(source, results, { classifier, decoder }, { missing, schema, folder: place }))
    }
    onSource('pydicom and highdicom')
    return { judged: withPython(judged, missing), missing, absent }
  } finally {
    await classifier.close()
    await decoder.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The verdicts as a table of Markdown: a source a row, a judge a column. */
export function verdictTable ({ judged, missing, absent }: Validation): string {
  const cell = (complaints: readonly string[] | undefined) => complaints === undefined ? '–' : complaints.length === 0 ? 'ok' : `**${complaints.length}**`
  const rows = judged.map(({ source, results, complaints }) => {
    const slices = results.study.series.reduce((sum, series) => sum + series.slices.length, 0)
    return [source.name, String(slices), String(results.files.length + results.otherReports.length), ...judges.map(name => cell(complaints[name]))]
  })
  const header = ['Source', 'Slices', 'Objects', ...judges]
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(header), line(header.map(() => '---')), ...rows.map(line),
    ...absent.map(({ name }) => `\n${name}: its data is absent (TUBERLENS_TEST_DATA names the folder).`),
    ...missing.length === 0 ? [] : [`\nNot here: ${missing.join(', ')}.`],
  ].join('\n')
}
