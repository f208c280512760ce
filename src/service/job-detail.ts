import { join } from 'node:path'
import { type FindingsHeader, readFindingsHeader } from '../analysis/findings-file.ts'
import type { SeriesJobResult } from '../analysis/series-job.ts'
import type { StoredInstance } from '../archive/archive.ts'
import type { DestinationReport } from '../archive/delivery-report.ts'
import type { Job, JobEvent } from '../archive/job-table.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import { isUid, type Uid } from '../dicom/uid.ts'
import type { Conclusion, Reason } from '../model/finding.ts'

/** What became of one frame. */
export interface SliceVerdict {
  readonly sopInstanceUid: string
  readonly frameNumber: number
  /** Absent when the frame was left out. */
  readonly contrast?: 'T2' | 'FLAIR'
  readonly verdict: 'positive' | 'negative' | 'undetermined' | 'failed' | 'rejected'
  /** 0..1 */
  readonly probability?: number
  /** Why there is no probability. */
  readonly reason?: Reason
}

/** What an analysis found; absent where its findings are gone. */
export interface AnalysisFindings {
  /** Why the series was taken or left. */
  readonly selection: { readonly selected: boolean, readonly text: string, readonly code?: string }
  readonly model: { readonly name: string, readonly version: string, readonly sha256: string, readonly engine: string }
  /** A slice is positive at or above it. */
  readonly threshold: number
  /** Sentences for people about the series. */
  readonly notes: readonly string[]
  /** Groups feet to head, then the frames that were left out. */
  readonly slices: readonly SliceVerdict[]
}

/** One job with all that is known of it. */
export interface JobDetail {
  readonly job: Job
  /** Oldest first. */
  readonly timeline: readonly JobEvent[]
  readonly findings?: AnalysisFindings
  /** Of a report: over all its series. */
  readonly conclusion?: Conclusion
  /** Of a report: the analyses of its study. */
  readonly analyses: readonly Job[]
  readonly deliveries: readonly DestinationReport[]
  /** What it made and what is still here. */
  readonly results: readonly JobResult[]
}

/** One object that a report job made. */
export interface JobResult extends Pick<StoredInstance, 'studyInstanceUid' | 'seriesInstanceUid' | 'sopInstanceUid'> {
  /** `sr`, `grad-cam`, … */
  readonly kind: string
  /** 0 for a document */
  readonly frames: number
}

/** The study that a job is of; `undefined` once it is gone, as its UID is hashed then. */
export function studyOf ({ job: { studyInstanceUid: study } }: Pick<JobDetail, 'job'>): Uid | undefined {
  return isUid(study) ? study : undefined
}

export async function jobDetail (archive: SqliteArchive, job: Job): Promise<JobDetail> {
  const findings = await findingsOf(archive, job)
  return {
    job,
    timeline: archive.jobs.history(job.id),
    ...(findings && { findings }),
    ...conclusionOf(job),
    analyses: job.kind === 'report' ? archive.jobs.findings(job.studyInstanceUid) : [],
    deliveries: archive.deliveries.report(job.id),
    results: resultsOf(archive, job.id),
  }
}

function conclusionOf ({ kind, summary }: Job): { readonly conclusion?: Conclusion } {
  if (kind !== 'report' || summary === undefined) return {}
  const { conclusion } = JSON.parse(summary) as { readonly conclusion?: Conclusion }
  return conclusion === undefined ? {} : { conclusion }
}

function resultsOf (archive: SqliteArchive, job: number): JobResult[] {
  return archive.artifacts.ofJob(job).flatMap(({ sopInstanceUid: sop, kind }) =>
    archive.findInstances({ sop }).map(({ studyInstanceUid, seriesInstanceUid, sopInstanceUid, frameCount: frames }) =>
      ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid, kind, frames })))
}

/** The findings as they were kept; `undefined` when there are none, or none any more. */
export async function findingsOf (archive: SqliteArchive, job: Job): Promise<AnalysisFindings | undefined> {
  if (job.resultPath === undefined) return undefined
  const path = join(archive.spool.findings, job.resultPath)
  // a damaged file is the report job's to tell: here it is as absent as one that was purged
  const header = await readFindingsHeader(path).catch(() => undefined)
  return header && described(header, job)
}

function described ({ model, groups, rejected, reason }: FindingsHeader, { summary }: Job): AnalysisFindings {
  const { threshold } = model.manifest.output
  const { reasonCode } = (summary === undefined ? {} : JSON.parse(summary)) as Partial<SeriesJobResult>
  return {
    selection: { selected: groups.length > 0, text: reason, ...(reasonCode !== undefined && { code: reasonCode }) },
    model: { name: model.manifest.name, version: model.manifest.version, sha256: model.sha256, engine: model.engine },
    threshold,
    notes: [...new Set(groups.flatMap(({ notes }) => notes))],
    slices: [
      ...groups.flatMap(({ contrast, slices }) => slices.map(({ sopInstanceUid, frameNumber, finding }): SliceVerdict => ({
        sopInstanceUid,
        frameNumber,
        contrast,
        ...(finding.kind === 'classified'
          ? { verdict: finding.probability >= threshold ? 'positive' : 'negative', probability: finding.probability }
          : { verdict: finding.kind, reason: finding.reason }),
      }))),
      ...rejected.map((frame): SliceVerdict => ({ ...frame, verdict: 'rejected' })),
    ],
  }
}

/** The series of an analysis. */
export function seriesOf (job: Job): Uid | undefined {
  return job.kind === 'analyse' ? job.subject : undefined
}
