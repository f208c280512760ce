import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Jobs, JobOptions } from '../../src/analysis/jobs.ts'
import type { ReportArtifact, ReportJob, ReportJobResult } from '../../src/analysis/report-job.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import type { Instance } from '../../src/dicom/instance.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { AppError } from '../../src/errors.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/**
 * Stands in for `src/analysis/jobs.ts` in the worker process: the same files and results, without a network. `modelDir` is a
 * control folder: files in it tell it to die, hang, wait or fail, and it counts its calls in `calls`.
 */
export async function openJobs ({ modelDir: control }: JobOptions): Promise<Jobs> {
  const told = (name: string) => existsSync(join(control, name))
  const note = (text: string) => { writeFileSync(join(control, 'calls'), `${text}\n`, { flag: 'a' }) }
  const obey = async (method: string) => {
    note(method)
    if (told('die-once')) { rmSync(join(control, 'die-once')); process.kill(process.pid, 'SIGKILL') }
    if (told('die')) process.kill(process.pid, 'SIGSEGV')
    if (told('hang')) for (;;) { /* a codec in an endless loop */ }
    while (told('wait')) await new Promise(resolve => setTimeout(resolve, 10))
    if (told('fail')) throw new AppError('model-invalid', 'the model is of another version')
    if (told('full')) throw new AppError('out-of-resources', 'the data folder cannot be written')
  }
  return {
    engine: 'fake 1.0',
    modelSha256: sha256('fake'),
    analyzeSeries: async job => {
      await obey('analyse')
      const instances = await readAll(job.paths)
      const description = instances[0]!.attributes.string('SeriesDescription')
      writeFileSync(job.outFile, JSON.stringify(instances.map(({ sopInstanceUid }) => sopInstanceUid)))
      return { selected: description !== 'AX T1', contrasts: ['FLAIR'], reasonCode: 'selected', slices: instances.length, failedSlices: 0 }
    },
    buildReport: async job => {
      await obey('report')
      note(`predecessors ${JSON.stringify(Object.values(job.predecessors ?? {}).map(list => list.length))}`)
      note(`replaced ${new Set(Object.values(job.predecessors ?? {}).flat().map(({ sopInstanceUid }) => sopInstanceUid)).size}`)
      note(`shortfall ${JSON.stringify(job.series.map(({ shortfall }) => shortfall ?? null))}`)
      const conclusion = told('positive') ? 'present' : told('undetermined') ? 'undetermined' : 'absent'
      return { conclusion, series: await conclusions(job, conclusion), artifacts: await buildArtifacts(job, told('study-report')) }
    },
    close: async () => undefined,
  }
}

async function readAll (paths: readonly string[]): Promise<Instance[]> {
  return await Promise.all(paths.map(async path => await readInstanceFile(path)))
}

/** All series alike, but for those described as negative. */
async function conclusions (job: ReportJob, conclusion: ReportJobResult['conclusion']): Promise<ReportJobResult['series']> {
  const firsts = await Promise.all(job.series.map(async ({ paths }) => (await readAll(paths))[0]!))
  return firsts.filter(({ attributes }) => attributes.string('SeriesDescription') !== 'AX T1').map(({ seriesInstanceUid, attributes }) =>
    ({ seriesInstanceUid, conclusion: attributes.string('SeriesDescription') === 'AX T2 negative' ? 'absent' : conclusion }))
}

async function buildArtifacts (job: ReportJob, oneReport: boolean): Promise<ReportArtifact[]> {
  const artifacts: ReportArtifact[] = []
  const reports: Dataset[] = []
  const write = (kind: ReportArtifact['kind'], dataset: Dataset) => {
    const bytes = encodePart10(dataset)
    const path = join(job.outDir, `${artifacts.length}.dcm`)
    writeFileSync(path, bytes)
    const uid = (keyword: string) => dataset[keyword] as string
    artifacts.push({
      kind,
      sopClassUid: uid('SOPClassUID'),
      sopInstanceUid: uid('SOPInstanceUID'),
      seriesInstanceUid: uid('SeriesInstanceUID'),
      studyInstanceUid: uid('StudyInstanceUID'),
      order: artifacts.length,
      path,
      bytes: bytes.length,
      sha256: sha256(bytes),
    })
  }
  for (const { paths, findingsFile } of job.series) {
    const analysed = JSON.parse(readFileSync(findingsFile, 'utf8')) as string[]
    const sources = await readAll(paths)
    if (analysed.length !== sources.length) throw new AppError('internal', 'findings and instances differ')
    const first = sources[0]!
    if (first.attributes.string('SeriesDescription') === 'AX T1') continue
    const digests = sources.map(({ digest }) => digest).sort().join()
    const common: Dataset = {
      StudyInstanceUID: first.studyInstanceUid,
      PatientID: first.attributes.string('PatientID') ?? null,
      PatientName: { Alphabetic: first.attributes.string('PatientName') ?? '' },
      SeriesDate: new Date(job.startedAt).toISOString().slice(0, 10).replaceAll('-', ''),
      SeriesTime: new Date(job.startedAt).toISOString().slice(11, 19).replaceAll(':', ''),
    }
    for (const source of sources) write('grad-cam', secondaryCapture(common, source))
    reports.push({
      ...common,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.34',
      SOPInstanceUID: uidFromName(`sr|${first.seriesInstanceUid}|${digests}`),
      SeriesInstanceUID: uidFromName(`sr series|${first.seriesInstanceUid}|${digests}`),
      Modality: 'SR',
      CurrentRequestedProcedureEvidenceSequence: [{
        StudyInstanceUID: first.studyInstanceUid,
        ReferencedSeriesSequence: [{ SeriesInstanceUID: first.seriesInstanceUid, ReferencedSOPSequence: [] }],
      }],
    })
  }
  if (job.extras?.includes('key-objects') === true) {
    for (const report of reports) {
      const [sop, series] = ['SOPInstanceUID', 'SeriesInstanceUID'].map(name => uidFromName(`ko ${report[name] as string}`))
      write('key-objects', { ...report, SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.59', SOPInstanceUID: sop!, SeriesInstanceUID: series!, Modality: 'KO' })
    }
  }
  for (const report of oneReport ? [together(reports)] : reports) write('sr', report)
  return artifacts
}

/** One report of all series. */
function together (reports: readonly Dataset[]): Dataset {
  const name = reports.map(report => report['SOPInstanceUID'] as string).join()
  return {
    ...reports[0]!,
    SOPInstanceUID: uidFromName(`study ${name}`),
    SeriesInstanceUID: uidFromName(`study series ${name}`),
    CurrentRequestedProcedureEvidenceSequence: reports.flatMap(report => report['CurrentRequestedProcedureEvidenceSequence'] as Dataset[]),
  }
}

function secondaryCapture (common: Dataset, source: Instance): Dataset {
  return {
    ...common,
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SOPInstanceUID: uidFromName(`sc|${source.sopInstanceUid}|${source.digest}`),
    SeriesInstanceUID: uidFromName(`sc series|${source.seriesInstanceUid}`),
    Modality: 'MR',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: 1,
    Columns: 2,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: [new Uint8Array([1, 2]).buffer],
  }
}
