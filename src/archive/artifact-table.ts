import { rm } from 'node:fs/promises'
import type { Instance } from '../dicom/instance.ts'
import type { Uid } from '../dicom/uid.ts'
import type { Database } from './database.ts'
import type { DeliveryTable } from './delivery-table.ts'
import { instanceHeader } from './instance-header.ts'
import type { InstanceTable } from './instance-table.ts'
import { flushFile } from './spool.ts'
import type { Spool } from './spool.ts'

/** One result object as a report job wrote it, on the spool's file system. */
export interface ResultFile {
  readonly path: string
  /** hex, of the file */
  readonly sha256: string
  readonly bytes: number
  /** `structured-report`, `grad-cam`, `saliency`, `summary`, … */
  readonly kind: string
  /** Order of sending within its kind's stage. */
  readonly ordinal: number
  readonly instance: Instance
}

/** What of a report job goes to one destination. */
export interface Route {
  readonly destination: string
  /** Kinds of results; `undefined` for all of them. */
  readonly kinds: ReadonlySet<string> | undefined
  /** Series whose instances go too, as they came. */
  readonly sources: readonly Uid[]
}

/** A document among the results of a study, for the report that supersedes it. */
export interface Predecessor {
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  /** The series that the document is about; `undefined` when it is about the study. */
  readonly sourceSeriesUid: Uid | undefined
}

/** The last part of the SOP classes of documents that refer to other results: SR, KO, PR, encapsulated (PS3.4 B.5). */
const documentClasses = ['1.2.840.10008.5.1.4.1.1.88.', '1.2.840.10008.5.1.4.1.1.11.', '1.2.840.10008.5.1.4.1.1.104.']

/** It selects images for people; no later one has to name it. */
const keyObjectSelection = '1.2.840.10008.5.1.4.1.1.88.59'

/** 0 for images, 1 for documents: documents are sent after the images that they refer to. */
export function stageOf (sopClassUid: string): number {
  return documentClasses.some(prefix => sopClassUid.startsWith(prefix)) ? 1 : 0
}

/** The service's own results: bytes written once, known for ever (output-objects.md §1.6). */
export class ArtifactTable {
  readonly #database: Database
  readonly #spool: Spool
  readonly #instances: InstanceTable
  readonly #deliveries: DeliveryTable

  constructor (database: Database, spool: Spool, instances: InstanceTable, deliveries: DeliveryTable) {
    this.#database = database
    this.#spool = spool
    this.#instances = instances
    this.#deliveries = deliveries
  }

  /** Whether this SOP instance was made here. */
  has (sop: string): boolean {
    return this.#database.get('SELECT 1 AS found FROM artifacts WHERE sop = :sop', { sop }) !== undefined
  }

  ofJob (job: number): { sopInstanceUid: Uid, kind: string, sha256: string }[] {
    return this.#database.all('SELECT sop, kind, sha256 FROM artifacts WHERE job = :job ORDER BY ordinal, sop', { job })
      .map(row => ({ sopInstanceUid: row.text('sop') as Uid, kind: row.text('kind'), sha256: row.text('sha256') }))
  }

  /** The reports that the newest report job of the study made, and which job that was. */
  newestReports (study: Uid): { readonly job: number, readonly sopInstanceUids: readonly Uid[] } | undefined {
    const rows = this.#database.all(`SELECT sop, job FROM artifacts WHERE study = :study AND kind = 'sr'
        AND job = (SELECT MAX(job) FROM artifacts WHERE study = :study AND kind = 'sr') ORDER BY ordinal, sop`, { study })
    return rows[0] && { job: rows[0].number('job'), sopInstanceUids: rows.map(row => row.text('sop') as Uid) }
  }

  /**
   * The reports that a new report of these series replaces, by series: the newest before this job that is about the series, or
   * about the whole study.
   */
  predecessors (study: Uid, beforeJob: number, series: readonly string[]): Readonly<Record<string, Predecessor[]>> {
    const rows = this.#database.all(`SELECT sop, sop_class, series, source_series, job FROM artifacts
      WHERE study = :study AND kind = 'sr' AND job < :beforeJob ORDER BY job DESC, ordinal, sop`, { study, beforeJob })
    return Object.fromEntries(series.flatMap(source => {
      const about = rows.filter(row => (row.textOrAbsent('source_series') ?? source) === source)
      const newest = about.filter(row => row.number('job') === about[0]?.number('job'))
      const reports = newest.map((row): Predecessor => ({
        sopInstanceUid: row.text('sop') as Uid,
        sopClassUid: row.text('sop_class') as Uid,
        seriesInstanceUid: row.text('series') as Uid,
        studyInstanceUid: study,
        sourceSeriesUid: row.textOrAbsent('source_series') as Uid | undefined,
      }))
      return reports.length === 0 ? [] : [[source, reports]]
    }))
  }

  /**
   * Takes the results of a report job over: files to the spool and flushed, then rows, deliveries and the job's next state in one
   * transaction; `summary` is kept with the job. An object whose UID is known keeps its first bytes and is not sent again where it already is.
   * @returns whether the job was still RUNNING, and so got its results
   */
  async store (
    job: { id: number, studyInstanceUid: Uid }, files: readonly ResultFile[],
    { routes, summary }: { readonly routes: readonly Route[], readonly summary?: string | undefined }, now: number,
  ): Promise<boolean> {
    const fresh: { file: ResultFile, name: string }[] = []
    for (const file of files) {
      const { sopInstanceUid, seriesInstanceUid } = file.instance
      const held = this.#instances.held(sopInstanceUid)
      if (held !== undefined) { await rm(file.path, { force: true }); continue }
      const name = this.#spool.nameOf('result', seriesInstanceUid, sopInstanceUid, 0)
      await flushFile(file.path)
      await this.#spool.place(file, name)
      fresh.push({ file, name })
    }
    await this.#spool.flushFolders(fresh.map(({ name }) => name))
    return this.#database.transaction(() => {
      const changed = this.#database.run(`UPDATE jobs SET state = 'DELIVERING', lease_until = NULL, updated_at = :now, error_code = NULL,
        error_text = NULL, summary = :summary WHERE id = :id AND state = 'RUNNING'`, { id: job.id, summary: summary ?? null, now })
      if (changed === 0) return false
      for (const { file, name } of fresh) this.#write(job, file, name, now)
      for (const { destination, kinds, sources } of routes) {
        for (const series of sources) this.#forward(job, series, destination, now)
        for (const file of files) if (kinds?.has(file.kind) ?? true) this.#deliver(job, file, destination, now)
      }
      // nothing to send, or all of it is there already
      this.#deliveries.settle(now)
      return true
    })
  }

  #write (job: { id: number }, file: ResultFile, name: string, now: number): void {
    const { instance } = file
    this.#instances.write({
      kind: 'result',
      sop: instance.sopInstanceUid,
      sopClass: instance.sopClassUid,
      series: instance.seriesInstanceUid,
      study: instance.studyInstanceUid,
      transferSyntax: instance.transferSyntaxUid,
      frames: instance.frameCount,
      bytes: file.bytes,
      digest: instance.digest,
      pixelDigest: undefined,
      revision: 0,
      name,
      receivedAt: now,
      header: instanceHeader(instance),
    }, true)
    this.#database.run(`INSERT INTO artifacts (sop, job, study, series, sop_class, kind, ordinal, source_series, sha256, bytes, path)
      VALUES (:sop, :job, :study, :series, :sopClass, :kind, :ordinal, :source, :sha256, :bytes, :name)
      ON CONFLICT (sop) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256, bytes = excluded.bytes`, {
      sop: instance.sopInstanceUid,
      job: job.id,
      study: instance.studyInstanceUid,
      series: instance.seriesInstanceUid,
      sopClass: instance.sopClassUid,
      kind: file.kind,
      ordinal: file.ordinal,
      source: this.#sourceSeries(instance) ?? null,
      sha256: file.sha256,
      bytes: file.bytes,
      name,
    })
  }

  /** The one input series in the evidence of an SR (PS3.3 C.17.2.3); `undefined` for other objects, key objects among them. */
  #sourceSeries ({ sopClassUid, attributes }: Instance): string | undefined {
    if (!sopClassUid.startsWith('1.2.840.10008.5.1.4.1.1.88.') || sopClassUid === keyObjectSelection) return undefined
    const named = attributes.items('CurrentRequestedProcedureEvidenceSequence')
      .flatMap(study => study.items('ReferencedSeriesSequence')).flatMap(series => series.string('SeriesInstanceUID') ?? [])
    const inputs = [...new Set(named)].filter(series =>
      this.#database.get('SELECT 1 AS found FROM series WHERE series = :series AND kind = \'input\'', { series }) !== undefined)
    return inputs.length === 1 ? inputs[0] : undefined
  }

  #deliver (job: { id: number }, { instance, ordinal, bytes }: ResultFile, destination: string, now: number): void {
    this.#database.run(`INSERT INTO deliveries (job, destination, sop, study, stage, ordinal, bytes, state, created_at, updated_at, next_at)
      SELECT :job, :destination, :sop, :study, :stage, :ordinal, :bytes, 'PENDING', :now, :now, :now
      WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE sop = :sop AND destination = :destination AND state <> 'DEAD')`, {
      job: job.id,
      destination,
      sop: instance.sopInstanceUid,
      study: instance.studyInstanceUid,
      stage: stageOf(instance.sopClassUid),
      ordinal,
      bytes,
      now,
    })
  }

  /** The images of a series, before all results; those that the destination has, or was to get, are not sent again. */
  #forward (job: { id: number }, series: Uid, destination: string, now: number): void {
    this.#database.run(`INSERT INTO deliveries (job, destination, sop, study, stage, ordinal, bytes, state, created_at, updated_at, next_at)
      SELECT :job, :destination, sop, study, 0, -1, bytes, 'PENDING', :now, :now, :now FROM instances i WHERE series = :series AND kind = 'input'
        AND NOT EXISTS (SELECT 1 FROM deliveries WHERE sop = i.sop AND destination = :destination AND state <> 'DEAD')`,
    { job: job.id, destination, series, now })
  }
}
