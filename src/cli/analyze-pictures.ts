import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { analyzePicture } from '../analysis/analyze-picture.ts'
import type { PictureResult } from '../analysis/analyze-picture.ts'
import type { AnalysisTools } from '../analysis/analyze-series.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { encodePng } from '../imaging/png.ts'
import { drawMap } from '../report/heatmap-picture.ts'
import type { HeatmapScope } from '../report/heatmap-scope.ts'
import type { ReportContext } from '../report/report-context.ts'
import { thresholdText } from '../report/sentences.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { table } from './table.ts'

export interface PictureOptions {
  readonly folder: string
  readonly model: ReportContext['model']
  readonly tools: AnalysisTools & { readonly decoder: Decoder }
  readonly scope: HeatmapScope
  readonly json: boolean
}

interface Analysed extends PictureResult { readonly number: number, readonly file: string }

/** What a picture cannot say; told with every result. */
export const pictureNotes = [
  'A picture has no DICOM header: neither contrast, orientation, age nor patient was checked, and no series rule applies.',
  'No report, no DICOM heatmap and no summary page is written; heatmaps are PNG, findings are in findings.json.',
] as const

/** JPG and PNG files, each a slice by itself: findings as text or JSON, heatmaps as PNG. @returns the exit code */
export async function analyzePictures (paths: readonly string[], options: PictureOptions, io: CliIo): Promise<number> {
  const { folder, model, tools, scope, json } = options
  const pictures: Analysed[] = []
  for (const [i, path] of paths.entries()) {
    if (io.signal.aborted) throw new AppError('interrupted', 'stopped')
    pictures.push({ number: i + 1, file: path, ...await analyzePicture(await bytesOf(path), tools) })
    tools.onProgress?.(i + 1, paths.length)
  }
  await mkdir(folder, { recursive: true })
  const written: string[] = []
  for (const picture of inScope(pictures, scope, model.manifest.output.threshold)) {
    written.push(...await writeMaps(picture, options))
  }
  const findings = asJson(pictures, model, written)
  await writeFile(join(folder, 'findings.json'), findings)
  io.stdout.write(json ? findings : asTable(pictures, options, written.length))
  return pictures.some(({ finding }) => finding.kind === 'failed') ? exitCodes.partial.code : exitCodes.ok.code
}

async function bytesOf (path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw toAppError(thrown, 'input-unreadable', `${path} cannot be read`)
  }
}

/** Pictures whose heatmaps are written; a picture is its own series. */
function inScope (pictures: readonly Analysed[], scope: HeatmapScope, threshold: number): Analysed[] {
  const probabilityOf = ({ finding }: Analysed): number => finding.kind === 'classified' ? finding.probability : -1
  switch (scope.of) {
    case 'none': return []
    case 'all': return [...pictures]
    case 'top': return [...pictures].sort((one, other) => probabilityOf(other) - probabilityOf(one)).slice(0, scope.k)
    default: return pictures.filter(picture => probabilityOf(picture) >= threshold)
  }
}

/** `picture-007-grad-cam.png`: names of files may hold names of patients. */
async function writeMaps (
  { number, finding, picture, toSource }: Analysed, { folder, model: { manifest } }: PictureOptions,
): Promise<string[]> {
  if (finding.kind !== 'classified' || picture === undefined) return []
  const names: string[] = []
  for (const heatmap of finding.heatmaps) {
    const name = `picture-${String(number).padStart(3, '0')}-${heatmap.method}.png`
    const { probability } = finding
    const drawn = drawMap({ heatmap, display: picture, toSource, probability, label: `picture ${number}`, manifest })
    await writeFile(join(folder, name), encodePng(drawn))
    names.push(name)
  }
  return names
}

function asTable (pictures: readonly Analysed[], { model: { manifest, engine }, folder }: PictureOptions, files: number): string {
  const { threshold } = manifest.output
  const rows = pictures.map(({ number, file, finding }) => finding.kind === 'classified'
    ? [String(number), basename(file), finding.probability.toFixed(2), finding.probability >= threshold ? 'positive' : 'negative']
    : [String(number), basename(file), '–', `${finding.kind}: ${finding.reason.text}`])
  return [
    ...table(['picture', 'file', 'p', `by algorithm (positive: p ≥ ${thresholdText(threshold)})`], rows),
    '',
    ...pictureNotes,
    `${files} ${files === 1 ? 'heatmap' : 'heatmaps'} in ${folder}. Model ${manifest.name} ${manifest.version} on ${engine}.`,
    'Research use only. Not for diagnostic use.',
    '',
  ].join('\n')
}

function asJson (pictures: readonly Analysed[], { manifest, sha256, engine }: ReportContext['model'], files: readonly string[]): string {
  const { name, version, output: { threshold } } = manifest
  return `${JSON.stringify({
    researchUseOnly: true,
    notes: pictureNotes,
    model: { name, version, sha256, engine, threshold },
    pictures: pictures.map(({ number, file, finding }) => ({
      number,
      file,
      kind: finding.kind,
      ...finding.kind === 'classified'
        ? { probability: finding.probability, positive: finding.probability >= threshold }
        : { reason: finding.reason },
    })),
    files,
  }, null, 2)}\n`
}
