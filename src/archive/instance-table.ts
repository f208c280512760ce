import type { Uid } from '../dicom/uid.ts'
import type { InstanceFilter, InstanceKind, StoredInstance } from './archive.ts'
import type { Database, Row } from './database.ts'
import type { InstanceHeader } from './instance-header.ts'
import type { Spool } from './spool.ts'
import { removedUid, uidHash } from './tombstones.ts'

/** What decides whether a part is new, the same, or a contradiction. */
export interface HeldInstance {
  readonly study: string
  readonly series: string
  readonly digest: string
  readonly receivedDigest: string | undefined
  readonly pixelDigest: string | undefined
  readonly revision: number
}

/** One instance to be written; `name` is its file below the spool. */
export interface InstanceRow {
  readonly kind: InstanceKind
  readonly sop: Uid
  readonly sopClass: Uid
  readonly series: Uid
  readonly study: Uid
  readonly transferSyntax: Uid
  readonly frames: number
  readonly bytes: number
  readonly digest: string
  /** Of what came, where it was coerced before it was written. */
  readonly receivedDigest?: string | undefined
  readonly pixelDigest: string | undefined
  readonly revision: number
  readonly name: string
  readonly receivedAt: number
  readonly header: InstanceHeader
}

/** Rows of `studies`, `series` and `instances` as they come in. */
export class InstanceTable {
  readonly #database: Database
  readonly #spool: Spool

  constructor (database: Database, spool: Spool) {
    this.#database = database
    this.#spool = spool
  }

  held (sop: string): HeldInstance | undefined {
    const row = this.#database.get('SELECT study, series, digest, received_digest, pixel_digest, revision FROM instances WHERE sop = :sop', { sop })
    return row && {
      study: row.text('study'),
      series: row.text('series'),
      digest: row.text('digest'),
      receivedDigest: row.textOrAbsent('received_digest'),
      pixelDigest: row.textOrAbsent('pixel_digest'),
      revision: row.number('revision'),
    }
  }

  find (filter: InstanceFilter): StoredInstance[] {
    const { study, series, sop } = filter
    const where = [
      study === undefined ? '' : ' AND study = :study',
      series === undefined ? '' : ' AND series = :series',
      sop === undefined ? '' : ' AND sop = :sop',
    ].join('')
    const parameters = { ...(study && { study }), ...(series && { series }), ...(sop && { sop }) }
    const sql = `SELECT * FROM instances WHERE 1 = 1${where} ORDER BY series, instance_number, sop`
    return this.#database.all(sql, parameters).map(row => this.#stored(row))
  }

  /** Inserts, or replaces the row of an earlier revision; study and series rows come and follow. Call inside a transaction. */
  write (row: InstanceRow, isNew: boolean): void {
    this.#touchStudy(row)
    this.#touchSeries(row, isNew)
    const { header } = row
    this.#database.run(`INSERT INTO instances (sop, series, study, kind, sop_class, transfer_syntax, rows, columns, frames,
        instance_number, position, orientation, bytes, digest, received_digest, pixel_digest, revision, path, received_at,
        header)
      VALUES (:sop, :series, :study, :kind, :sopClass, :transferSyntax, :rows, :columns, :frames,
        :instanceNumber, :position, :orientation, :bytes, :digest, :receivedDigest, :pixelDigest, :revision, :name,
        :receivedAt, :header)
      ON CONFLICT (sop) DO UPDATE SET series = excluded.series, study = excluded.study, sop_class = excluded.sop_class,
        transfer_syntax = excluded.transfer_syntax, rows = excluded.rows, columns = excluded.columns, frames = excluded.frames,
        instance_number = excluded.instance_number, position = excluded.position, orientation = excluded.orientation,
        bytes = excluded.bytes, digest = excluded.digest, received_digest = excluded.received_digest,
        pixel_digest = excluded.pixel_digest, revision = excluded.revision, path = excluded.path, header = excluded.header`, {
      sop: row.sop,
      series: row.series,
      study: row.study,
      kind: row.kind,
      sopClass: row.sopClass,
      transferSyntax: row.transferSyntax,
      rows: header.rows ?? null,
      columns: header.columns ?? null,
      frames: row.frames,
      instanceNumber: header.instanceNumber ?? null,
      position: header.position === undefined ? null : JSON.stringify(header.position),
      orientation: header.orientation === undefined ? null : JSON.stringify(header.orientation),
      bytes: row.bytes,
      digest: row.digest,
      receivedDigest: row.receivedDigest ?? null,
      pixelDigest: row.pixelDigest ?? null,
      revision: row.revision,
      name: row.name,
      receivedAt: row.receivedAt,
      header: JSON.stringify(header.json.instance),
    })
    for (const uid of [row.study, row.series, row.sop]) {
      this.#database.run('DELETE FROM tombstones WHERE uid_hash = :hash', { hash: uidHash(uid) })
    }
  }

  #touchStudy ({ study, kind, header, receivedAt }: InstanceRow): void {
    const { json, patientId = null, studyDate = null, accessionNumber = null } = header
    const dirty = kind === 'input' ? 1 : 0
    this.#database.run(`INSERT INTO studies (study, first_at, last_at, revision, dirty, patient_id, study_date, accession_number, header)
      VALUES (:study, :at, :at, (SELECT COALESCE(MAX(revision), 0) FROM jobs WHERE subject IN (:study, :removed) AND kind = 'report'),
        :dirty, :patientId, :studyDate, :accessionNumber, :header)
      ON CONFLICT (study) DO UPDATE SET last_at = CASE WHEN :dirty = 1 THEN :at ELSE last_at END, dirty = MAX(dirty, :dirty),
        patient_id = excluded.patient_id, study_date = excluded.study_date, accession_number = excluded.accession_number,
        header = excluded.header`,
    {
      study,
      removed: removedUid(study),
      at: receivedAt,
      dirty,
      patientId,
      studyDate,
      accessionNumber,
      header: JSON.stringify(json.study),
    })
    // a report that has not begun would tell less than what is here now
    if (dirty === 1) {
      this.#database.run(`UPDATE jobs SET state = 'CANCELED', updated_at = :at, error_code = 'superseded'
        WHERE subject = :study AND kind = 'report' AND state = 'QUEUED'`, { study, at: receivedAt })
    }
  }

  #touchSeries ({ series, study, kind, header, receivedAt }: InstanceRow, isNew: boolean): void {
    const state = kind === 'input' ? 'OPEN' : 'RESULT'
    this.#database.run(`INSERT INTO series (series, study, kind, modality, header, expected_header, first_at, opened_at, last_at,
        due_at, state, revision)
      VALUES (:series, :study, :kind, :modality, :header, :expected, :at, :at, :at, :at, :state,
        (SELECT COALESCE(MAX(revision) + 1, 0) FROM jobs WHERE subject IN (:series, :removed) AND kind = 'analyse'))
      ON CONFLICT (series) DO UPDATE SET study = excluded.study, modality = excluded.modality, header = excluded.header,
        expected_header = MAX(COALESCE(expected_header, 0), COALESCE(excluded.expected_header, 0))`, {
      series,
      study,
      kind,
      modality: header.modality ?? null,
      header: JSON.stringify(header.json.series),
      expected: header.expected ?? 0,
      removed: removedUid(series),
      at: receivedAt,
      state,
    })
    if (kind !== 'input' || !isNew) return
    // a slice after completion opens the series again, as a new revision
    this.#database.run(`UPDATE series SET last_at = :at, due_at = :at,
        opened_at = CASE WHEN state = 'OPEN' THEN opened_at ELSE :at END,
        revision = CASE WHEN state = 'OPEN' THEN revision ELSE revision + 1 END,
        expected_pacs = CASE WHEN state = 'OPEN' THEN expected_pacs ELSE NULL END, state = 'OPEN', why = NULL
      WHERE series = :series`, { series, at: receivedAt })
  }

  #stored (row: Row): StoredInstance {
    return {
      kind: row.text('kind') as InstanceKind,
      sopInstanceUid: row.text('sop') as Uid,
      sopClassUid: row.text('sop_class') as Uid,
      seriesInstanceUid: row.text('series') as Uid,
      studyInstanceUid: row.text('study') as Uid,
      transferSyntaxUid: row.text('transfer_syntax') as Uid,
      path: this.#spool.absolute(row.text('path')),
      bytes: row.number('bytes'),
      digest: row.text('digest'),
      rows: row.numberOrAbsent('rows'),
      columns: row.numberOrAbsent('columns'),
      frameCount: row.number('frames'),
      instanceNumber: row.numberOrAbsent('instance_number'),
      receivedAt: row.number('received_at'),
      revision: row.number('revision'),
    }
  }
}
