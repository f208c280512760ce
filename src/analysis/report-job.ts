import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readInstanceFile } from '../dicom/read-instance.ts'
import type { Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import type { Decoder, JpegEncoder, RleEncoder } from '../imaging/decoder-pool.ts'
import type { Conclusion, HeatmapMethod } from '../model/finding.ts'
import type { Evidence } from '../report/evidence.ts'
import { defaultObjectSettings } from '../report/object-settings.ts'
import type { ReportContext } from '../report/report-context.ts'
import type { ExcludedSeries } from '../report/series-findings.ts'
import { Background } from './background.ts'
import { buildDeliverables } from './build-deliverables.ts'
import type { DeliverableOptions } from './build-deliverables.ts'
import type { DeliverableKind, ExtraKind } from './deliverable.ts'
import { displaysOf } from './displays.ts'
import { readFindings } from './findings-file.ts'
import type { StoredFindings } from './findings-file.ts'
import { momentIn } from './report-moment.ts'
import { readSeries } from './series-job.ts'
import { excludedSeries, studyFindings } from './study-findings.ts'
import type { ArrivedSeries, Shortfall } from './study-findings.ts'
import { writeFileDurably } from './write-file-durably.ts'

/** One series of a study for its report. */
export interface ReportSeries {
  readonly findingsFile: string
  readonly paths: readonly string[]
  readonly shortfall?: Shortfall | undefined
}

/** A series whose analysis was given up. */
export interface FailedSeries {
  readonly paths: readonly string[]
  /** Stable code of the last error. */
  readonly code: string
}

/** Write the results of a study from the findings of its series. No inference. */
export interface ReportJob {
  readonly series: readonly ReportSeries[]
  readonly failed?: readonly FailedSeries[] | undefined
  readonly outDir: string
  /** Start of the analysis, ms since 1970; kept in the job record, so that a retry gives the same bytes. */
  readonly startedAt: number
  /** Objects in their default form unless told. */
  readonly context: Pick<ReportContext, 'software' | 'srSopClass' | 'scModality'> & Partial<Pick<ReportContext, 'objects'>>
  readonly methods: readonly HeatmapMethod[]
  /** Objects besides; none by default. */
  readonly extras?: readonly ExtraKind[] | undefined
  /** Earlier reports that are replaced, by the UID of their source series. */
  readonly predecessors?: Readonly<Record<string, readonly Evidence[]>> | undefined
}

/** One result object on disk. */
export interface ReportArtifact {
  readonly kind: DeliverableKind
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly seriesInstanceUid: string
  readonly studyInstanceUid: string
  /** Order of storing, 0-based: reports come last. */
  readonly order: number
  readonly path: string
  readonly bytes: number
  /** hex, of the file */
  readonly sha256: string
}

export interface ReportJobResult {
  readonly conclusion: Conclusion
  /** One an analysed group of slices: a series of two echoes is there twice. */
  readonly series: readonly { readonly seriesInstanceUid: Uid, readonly conclusion: Conclusion }[]
  readonly artifacts: readonly ReportArtifact[]
}

/** Files on their way to the disk while the next one is drawn: as many as Node.js has threads for them. */
const writesAtOnce = 4

/** Writes the results of a study, heatmaps first and reports last. The same job gives the same bytes. @throws as the builders */
export async function runReportJob (job: ReportJob, decoder: Decoder & JpegEncoder & RleEncoder): Promise<ReportJobResult> {
  const arrived = await Promise.all(job.series.map(async one => await joinFindings(one)))
  const first = arrived[0]
  if (first === undefined) return { conclusion: 'undetermined', series: [], artifacts: [] }
  const failed = await Promise.all((job.failed ?? []).map(async one => await describeFailed(one)))
  const study = studyFindings(arrived.map(({ series }) => series), first.model.manifest, failed)
  const offset = first.series.series.instances[0]!.attributes.string('TimezoneOffsetFromUTC')
  const context: ReportContext = {
    objects: defaultObjectSettings,
    ...job.context,
    ...momentIn(new Date(job.startedAt), offset),
    model: first.model,
    instanceCreation: true,
    gradCam: job.methods.includes('grad-cam'),
    saliency: job.methods.includes('saliency'),
    evidence: job.methods.includes('evidence'),
  }
  const predecessors = new Map(study.series.map(series => [series.ordinal, job.predecessors?.[series.seriesInstanceUid] ?? []]))
  await mkdir(job.outDir, { recursive: true })
  const artifacts: ReportArtifact[] = []
  const writing = new Background(writesAtOnce)
  const options: DeliverableOptions = {
    displayOf: displaysOf(decoder),
    encodeJpeg: async (image, quality) => await decoder.encodeJpeg(image, quality),
    encodeRle: async image => await decoder.encodeRle(image),
    extras: job.extras,
    predecessors,
  }
  try {
    for await (const deliverable of buildDeliverables(study, context, options)) {
      const { kind, sopClassUid, sopInstanceUid, seriesInstanceUid, studyInstanceUid, bytes } = deliverable
      // UIDs stay out of file names
      const path = join(job.outDir, `${hashOf(sopInstanceUid)}.dcm`)
      await writing.add(async () => { await writeFileDurably(path, bytes) })
      artifacts.push({
        kind,
        sopClassUid,
        sopInstanceUid,
        seriesInstanceUid,
        studyInstanceUid,
        order: artifacts.length,
        path,
        bytes: bytes.length,
        sha256: hashOf(bytes),
      })
    }
  } finally {
    await writing.end()
  }
  const series = study.series.map(({ seriesInstanceUid, conclusion }) => ({ seriesInstanceUid, conclusion }))
  return { conclusion: study.conclusion, series, artifacts }
}

function hashOf (value: string | Uint8Array): string {
  return createHash('sha256').update(value).digest('hex')
}

/** Its header may be what cannot be read: then it goes without a name. */
async function describeFailed ({ paths, code }: FailedSeries): Promise<ExcludedSeries> {
  const reason = `its analysis failed (${code})`
  try {
    return excludedSeries((await readInstanceFile(paths[0] ?? '')).attributes, reason)
  } catch {
    return { seriesNumber: undefined, description: '', reason }
  }
}

interface JoinedSeries { readonly series: ArrivedSeries, readonly model: StoredFindings['model'] }

/** Puts stored findings back on the slices that they belong to. */
async function joinFindings ({ findingsFile, paths, shortfall }: ReportSeries): Promise<JoinedSeries> {
  const stored = await readFindings(findingsFile)
  const series = await readSeries(paths)
  const slices = new Map(series.slices.map(slice => [`${slice.source.sopInstanceUid}#${slice.frameNumber}`, slice]))
  return {
    model: stored.model,
    series: {
      series,
      reason: stored.reason,
      shortfall,
      groups: stored.groups.map(group => ({
        ...group,
        slices: group.slices.map(({ sopInstanceUid, frameNumber, toSource, finding }) => {
          const slice = slices.get(`${sopInstanceUid}#${frameNumber}`)
          if (slice === undefined) throw new AppError('internal', 'a slice of the findings is no longer among the instances')
          return { slice, toSource, finding }
        }),
      })),
    },
  }
}
