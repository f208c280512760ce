import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fixturesDir } from '../analysis/software.ts'
import { loadConfig } from '../config.ts'
import type { Instance } from '../dicom/instance.ts'
import { readInstance, readInstanceFile } from '../dicom/read-instance.ts'
import { storeInstances } from '../dicomweb/stow-client.ts'
import type { StoreFile } from '../dicomweb/stow-client.ts'
import { AppError } from '../errors.ts'
import { encodePng } from '../imaging/png.ts'
import { serve } from '../service/server.ts'
import { DemoClient } from './demo-client.ts'
import type { FoundInstance } from './demo-client.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'
import { Progress } from './progress.ts'
import { readReport } from './report-text.ts'
import type { ReportLines } from './report-text.ts'
import { table } from './table.ts'

export const help = `Usage: tuberlens demo [--out DIR]

Starts the service on its defaults with an empty data folder, sends it the synthetic study that comes with tuberlens, as
a PACS would, waits for the results, prints what the reports say, and writes every result object and its picture.

  --out DIR   where results go (default: demo-output)
`

/** Far more than two series of 12 slices take. */
const patienceMs = 300_000

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values } = parseOptions(() => parseArgs({ args, options: { out: { type: 'string', default: 'demo-output' } } }))
  const dataDir = await mkdtemp(join(tmpdir(), 'tuberlens-demo-'))
  const service = await serve(loadConfig({
    TUBERLENS_PORT: '0',
    TUBERLENS_DATA_DIR: dataDir,
    TUBERLENS_SERIES_QUIET_S: '1',
    TUBERLENS_STUDY_QUIET_S: '1',
    TUBERLENS_LOG_LEVEL: 'error',
  }), { ownsProcess: false })
  const progress = new Progress(io)
  try {
    io.stderr.write(`the service listens on ${service.url}\n`)
    const root = `${service.url}/dicom-web`
    const { files, study, series } = await fixtureStudy()
    await send(root, files, progress, io.signal)
    const client = new DemoClient(root)
    const results = await waitForReports(client, study, series, progress, io.signal)
    const reports = await writeResults(client, study, results, values.out, progress)
    progress.end()
    io.stdout.write(summaryOf(reports, results.length, values.out))
    return exitCodes.ok.code
  } finally {
    progress.end()
    await service.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface FixtureStudy { readonly files: readonly StoreFile[], readonly study: string, readonly series: number }

async function fixtureStudy (): Promise<FixtureStudy> {
  const instances: { path: string, instance: Instance }[] = []
  for (const folder of ['flair', 't2']) {
    for (const name of (await readdir(join(fixturesDir(), folder))).sort()) {
      const path = join(fixturesDir(), folder, name)
      instances.push({ path, instance: await readInstanceFile(path) })
    }
  }
  const files = await Promise.all(instances.map(async ({ path, instance }): Promise<StoreFile> =>
    ({ path, sopClassUid: instance.sopClassUid, sopInstanceUid: instance.sopInstanceUid, bytes: (await stat(path)).size })))
  const series = new Set(instances.map(({ instance }) => instance.seriesInstanceUid)).size
  return { files, study: instances[0]!.instance.studyInstanceUid, series }
}

/** In several requests, as senders do. */
async function send (root: string, files: readonly StoreFile[], progress: Progress, signal: AbortSignal): Promise<void> {
  const perRequest = 4
  for (let start = 0; start < files.length; start += perRequest) {
    const outcomes = await storeInstances({ url: root }, files.slice(start, start + perRequest), { signal })
    const refused = outcomes.find(({ verdict }) => verdict !== 'sent')
    if (refused) throw new AppError('remote-refused', `the service did not take the study: ${refused.cause}`)
    progress.update('sending by STOW-RS', Math.min(start + perRequest, files.length), files.length)
  }
}

async function waitForReports (
  client: DemoClient, study: string, series: number, progress: Progress, signal: AbortSignal,
): Promise<FoundInstance[]> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    const results = (await client.instances(study)).filter(({ seriesDescription }) => seriesDescription.startsWith('AI '))
    const reports = results.filter(({ modality }) => modality === 'SR').length
    if (reports >= series) return results
    progress.update('waiting for the reports', reports, series)
    await sleep(250, undefined, { signal })
  }
  throw new AppError('internal', `no report came within ${patienceMs / 1000} s`)
}

/** Every result as DICOM and, where it is a picture, as PNG. @returns what the reports say */
async function writeResults (
  client: DemoClient, study: string, results: readonly FoundInstance[], out: string, progress: Progress,
): Promise<ReportLines[]> {
  await mkdir(out, { recursive: true })
  const reports: ReportLines[] = []
  for (const [i, result] of results.entries()) {
    const bytes = await client.retrieve(study, result)
    const instance = readInstance(bytes)
    const path = join(out, fileName(result))
    await writeFile(`${path}.dcm`, bytes)
    if (result.modality === 'SR') reports.push(readReport(instance.attributes))
    else await writeFile(`${path}.png`, await pngOf(instance))
    progress.update('fetching by WADO-RS', i + 1, results.length)
  }
  return reports.sort((a, b) => a.seriesDescription < b.seriesDescription ? -1 : 1)
}

/** `ai-flair-grad-cam-007`: the series description without its warning, and the image. */
function fileName ({ seriesDescription, instanceNumber, modality }: FoundInstance): string {
  const words = seriesDescription.replace(/ - RESEARCH ONLY$/, '').toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return modality === 'SR' ? `${words}-report` : `${words}-${String(instanceNumber).padStart(3, '0')}`
}

async function pngOf ({ attributes, pixelData }: Instance): Promise<Uint8Array> {
  return encodePng({ width: attributes.number('Columns')!, height: attributes.number('Rows')!, data: await pixelData.frame(1) })
}

function summaryOf (reports: readonly ReportLines[], objects: number, out: string): string {
  return [
    ...table(['report', 'tuber', 'what it says'], reports.map(report =>
      [report.seriesDescription.replace(/ - RESEARCH ONLY$/, ''), report.result, report.summary])),
    '',
    ...new Set(reports.map(report => report.conclusion)),
    `${objects} result objects and their pictures are in ${out}. A synthetic study; research use only.`,
    '',
  ].join('\n')
}
