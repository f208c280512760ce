import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { fhirBundle } from '../../src/report/fhir-bundle.ts'
import { fhirComplaints } from '../helpers/fhir.ts'
import type { FhirSchema } from '../helpers/fhir.ts'
import { pythonPackages } from '../helpers/python.ts'
import { dcentvfyComplaints, dciodvfyComplaints, dsrdumpComplaints, python } from '../helpers/validators.ts'
import { makeAgain } from './results.ts'
import type { ResultFile, Results, Tools } from './results.ts'
import type { Source } from './sources.ts'
import { ohifComplaints, weasisComplaints } from './viewer-traversal.ts'

/** Who judges, in the order of the table's columns. */
export const judges = [
  'dciodvfy', 'dcentvfy', 'dsrdump', 'pydicom', 'highdicom', 'references', 'geometry', 'OHIF', 'Weasis', 'FHIR', 'same bytes',
] as const
export type Judge = typeof judges[number]

/** A source, what was made of it, and what each judge has against it. */
export interface Judged {
  readonly source: Source
  readonly results: Results
  readonly complaints: Partial<Record<Judge, readonly string[]>>
}

/** Programs and packages that are not there: their columns stay empty. */
export function missingJudges (schema: FhirSchema | undefined): Judge[] {
  const installed = (program: string) => spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0
  const programs = (['dciodvfy', 'dcentvfy', 'dsrdump'] as const).filter(program => !installed(program))
  const pydicom = spawnSync(python, ['-c', 'import pydicom, numpy']).status === 0
  return [
    ...programs,
    ...pydicom ? [] : ['pydicom', 'references', 'geometry'] as const,
    ...existsSync(resolve(pythonPackages, 'highdicom')) ? [] : ['highdicom'] as const,
    ...schema === undefined ? ['FHIR'] as const : [],
  ]
}

/** What all judges but those of `withPython` have against one set. */
export async function judge (
  source: Source, results: Results, tools: Tools, { missing, schema, folder }: { missing: readonly Judge[], schema: FhirSchema | undefined, folder: string },
): Promise<Judged> {
  const { files, otherReports } = results
  const all = [...files, ...otherReports]
  const reports = all.filter(isReport)
  const documents = all.filter(file => isReport(file) || file.kind === 'key-objects')
  const of = (file: ResultFile) => (text: string) => `${file.kind}: ${text}`
  const again = await makeAgain(results, tools)
  const opinions: Partial<Record<Judge, () => string[] | Promise<string[]>>> = {
    dciodvfy: () => all.flatMap(file => dciodvfyComplaints(file.path).map(of(file))),
    dcentvfy: () => dcentvfyComplaints([...files.map(({ path }) => path), ...inUtf8(results.sources, folder)], differences(source)),
    dsrdump: () => documents.flatMap(file => dsrdumpComplaints(file.path).map(of(file))),
    OHIF: () => ohifComplaints(reports),
    Weasis: () => weasisComplaints(reports),
    FHIR: async () => {
      const read = await Promise.all(files.filter(isReport).map(async ({ path }) => (await readInstanceFile(path)).attributes))
      return fhirComplaints(schema!, fhirBundle(read, results.study.conclusion))
    },
    'same bytes': () => again.length === files.length
      ? files.filter((file, i) => again[i] !== `${file.sopInstanceUid} ${file.sha256}`).map(file => `${file.kind}: other bytes in a second run`)
      : [`${again.length} objects in a second run`],
  }
  const complaints: Partial<Record<Judge, readonly string[]>> = {}
  for (const name of judges) {
    const opinion = opinions[name]
    if (opinion !== undefined && !missing.includes(name)) complaints[name] = distinct(await opinion())
  }
  return { source, results, complaints }
}

/** Adds what Python's readers say, one start of each for all sets. */
export function withPython (judged: readonly Judged[], missing: readonly Judge[]): Judged[] {
  const byPydicom = missing.includes('pydicom')
    ? []
    : ask('pydicom_checks.py', {}, judged.map(({ results: { sources, files, otherReports } }) => ({
      sources, results: files.map(({ path }) => path), otherReports: otherReports.map(({ path }) => path),
    }))) as Record<Judge, string[]>[]
  const byHighdicom = missing.includes('highdicom')
    ? []
    : ask('highdicom_checks.py', { PYTHONPATH: pythonPackages }, judged.map(({ results }) => ({
      reports: [...results.files, ...results.otherReports].filter(isReport).map(({ path }, i) => ({
        path, slices: slicesOf(results, i),
      })),
      objects: results.files.filter(({ kind }) => !['sr', 'key-objects', 'pdf'].includes(kind)).map(({ path }) => path),
    }))) as string[][]
  return judged.map((one, i) => {
    const found = byHighdicom[i] === undefined ? {} : { highdicom: byHighdicom[i] }
    const all = { ...one.complaints, ...byPydicom[i], ...found }
    return { ...one, complaints: Object.fromEntries(judges.flatMap(name => all[name] === undefined ? [] : [[name, distinct(all[name])]])) }
  })
}

/** What the nth report, in whatever class, has to say of each slice, by its instance and frame. */
function slicesOf ({ study, context }: Results, nth: number): Record<string, { probability: number | null, positive: boolean }> {
  const reported = context.objects.srScope === 'study' ? study.series : [study.series[nth % study.series.length]!]
  return Object.fromEntries(reported.flatMap(({ slices }) => slices).map(({ slice, finding }) => {
    const probability = finding.kind === 'classified' ? finding.probability : null
    return [`${slice.source.sopInstanceUid} ${slice.frameNumber}`,
      { probability, positive: probability !== null && probability >= context.model.manifest.output.threshold }]
  }))
}

/**
 * dcentvfy compares bytes and knows no character sets, and results are in UTF-8 whatever their source is in (PS3.3 C.12.1.1.2 says so of
 * each data set for itself): it gets the sources as pydicom writes them in UTF-8.
 */
function inUtf8 (sources: readonly string[], folder: string): string[] {
  const program = `
import json, sys, warnings
warnings.simplefilter('ignore')
import pydicom
paths = []
for i, path in enumerate(sys.argv[2:]):
    dataset = pydicom.dcmread(path)
    if dataset.get('SpecificCharacterSet', 'ISO_IR 192') != 'ISO_IR 192':
        dataset.decode()
        dataset.SpecificCharacterSet = 'ISO_IR 192'
        path = f'{sys.argv[1]}/utf8-{i + 1:04}.dcm'
        dataset.save_as(path)
    paths.append(path)
print(json.dumps(paths))`
  const { status, stdout, stderr } = spawnSync(python, ['-c', program, folder, ...sources], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as string[]
}

function differences ({ knownDifferences = [] }: Source): RegExp[] {
  return knownDifferences.map(({ attribute }) => new RegExp(`^Warning - Attribute (is empty \\(zero length\\) in one instance|present in one instance but not the other) .*Element=<${attribute}>`))
}

function ask (script: string, env: Readonly<Record<string, string>>, question: unknown): unknown {
  const { status, stdout, stderr } = spawnSync(python, [join(import.meta.dirname, script)], {
    input: JSON.stringify(question), encoding: 'utf8', maxBuffer: 2 ** 28, env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (status !== 0) throw new Error(`${script}: ${stderr}`)
  return JSON.parse(stdout)
}

function isReport ({ kind }: ResultFile): boolean { return kind.startsWith('sr') }

/** The same complaint of 200 files is one line. */
function distinct (complaints: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const text of complaints) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => count === 1 ? text : `${text} (${count} times)`)
}
