import type { Writable } from 'node:stream'
import type { Instance } from '../dicom/instance.ts'
import type { Uid } from '../dicom/uid.ts'
import type { AppError } from '../errors.ts'

/** One attribute of the DICOM JSON Model (PS3.18 F.2). */
export interface JsonAttribute { readonly vr: string, readonly Value?: readonly unknown[] }
/** DICOM JSON by tag: eight upper-case hexadecimal digits. */
export type JsonAttributes = Readonly<Record<string, JsonAttribute>>

/** A file on the spool's own file system that is being written. A preamble before `DICM` becomes zeros. */
export interface StagingFile {
  readonly path: string
  /** Where the part is piped to; holds back-pressure. Errors as AppError `out-of-resources` (disk) or `internal`. */
  readonly writable: Writable
  /** After `writable` finished: flushes to the device. @throws AppError `out-of-resources` */
  seal (): Promise<StagedFile>
  /** Removes the file, at any time, sealed or not; never throws. */
  discard (): Promise<void>
}

/** A complete file under `tmp/`, flushed. `commit` takes it over; whoever does not commit it discards it. */
export interface StagedFile {
  readonly path: string
  readonly bytes: number
  discard (): Promise<void>
}

/** Why an instance is accepted and not kept (service.md §1.2, §3.1). */
export const ignoreReasons = ['own-result', 'not-mr', 'not-an-image', 'localizer'] as const
export type IgnoreReason = typeof ignoreReasons[number]

/** One parsed part, ready to be committed. */
export interface ReceivedInstance {
  readonly instance: Instance
  readonly file: StagedFile
  /** sha256 (hex) over the encoded frames; `undefined` without pixel data. `pixelDigest(instance)` computes it. */
  readonly pixelDigest: string | undefined
  /** What the receive rule said; such a file is removed and only its UIDs are remembered. */
  readonly ignored: IgnoreReason | undefined
  /** `Instance.digest` of what the sender sent, where it was coerced before it was written. */
  readonly receivedDigest?: string | undefined
}

/** One item of the store answer, in the order of the batch. */
export type CommitOutcome =
  | { readonly kind: 'stored' }
  /** The same data set is already held: nothing changed. */
  | { readonly kind: 'identical' }
  /** Pixels as held, header different: kept as a new revision, results will be issued anew. */
  | { readonly kind: 'header-changed', readonly revision: number }
  /** The SOP Instance UID is held with other pixels: refused, the first one stays (PS3.7 duplicate SOP instance). */
  | { readonly kind: 'pixels-differ' }
  /** The same, where the archive replaces: the new one is kept as a new revision, and its series is analysed again. */
  | { readonly kind: 'replaced', readonly revision: number }
  | { readonly kind: 'ignored', readonly why: IgnoreReason }
  /** `out-of-resources` or `internal`; nothing of this instance is kept. */
  | { readonly kind: 'failed', readonly error: AppError }

/** `input` came in by STOW-RS, `result` is ours. */
export type InstanceKind = 'input' | 'result'

/** One instance that can be retrieved. */
export interface StoredInstance {
  readonly kind: InstanceKind
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  readonly transferSyntaxUid: Uid
  /** absolute; a DICOM file with zero preamble */
  readonly path: string
  readonly bytes: number
  /** sha256 (hex) of the data set, as `Instance.digest` */
  readonly digest: string
  readonly rows: number | undefined
  readonly columns: number | undefined
  /** 0 for an object without pixel data */
  readonly frameCount: number
  readonly instanceNumber: number | undefined
  /** ms since 1970 */
  readonly receivedAt: number
  /** 0 when first received, +1 with every change of header or pixels */
  readonly revision: number
}

/** All given UIDs must hold. */
export interface InstanceFilter {
  readonly study?: Uid | undefined
  readonly series?: Uid | undefined
  readonly sop?: Uid | undefined
}

export type SearchLevel = 'study' | 'series' | 'instance'

/** One matching rule of PS3.4 C.2.2.2; all rules of a query must hold. `keyword` is one of `matchableAttributes(level)`. */
export type AttributeMatch =
  /** single value or list of UIDs or plain values */
  | { readonly kind: 'list', readonly keyword: string, readonly values: readonly string[] }
  /** `*` and `?`; case-insensitive for PN, as PS3.4 C.2.2.2.1 permits */
  | { readonly kind: 'wildcard', readonly keyword: string, readonly pattern: string }
  /** DA, TM; either end may be open */
  | { readonly kind: 'range', readonly keyword: string, readonly from: string | undefined, readonly to: string | undefined }
  /** A date and its time compared as one text, either end a date followed by as much of a time as is known. */
  | {
    readonly kind: 'moment', readonly keyword: string, readonly time: string, readonly from: string | undefined, readonly to: string | undefined
  }

export interface SearchQuery {
  readonly level: SearchLevel
  /** from the path */
  readonly study?: Uid | undefined
  readonly series?: Uid | undefined
  readonly matches: readonly AttributeMatch[]
  readonly limit: number
  readonly offset: number
}

/**
 * `attributes` holds all that is kept of the level and the levels above it (PS3.18 Tables 10.6.3-3 to -5),
 * RetrieveURL left out.
 */
export interface SearchRow {
  readonly studyInstanceUid: Uid
  readonly seriesInstanceUid: Uid | undefined
  readonly sopInstanceUid: Uid | undefined
  readonly attributes: JsonAttributes
}

/** `total` counts the matches without limit and offset; newest first, then by UID. */
export interface SearchResult { readonly rows: readonly SearchRow[], readonly total: number }

export interface ArchiveCounters {
  readonly instances: { readonly input: number, readonly result: number, readonly ignored: number }
  readonly series: Readonly<Record<string, number>>
  readonly jobs: Readonly<Record<string, number>>
  readonly deliveries: Readonly<Record<string, number>>
  readonly spoolBytes: number
}

/** Of the disk, or of the quota where less of that is left. */
export interface DiskSpace {
  readonly freeBytes: number
  readonly totalBytes: number
  readonly reserveBytes: number
  /** free is above the reserve, and something of the quota is left */
  readonly enough: boolean
}

export interface StagingOptions {
  /** For bytes that are no DICOM file: nothing of them is zeroed. */
  readonly asIs?: boolean
}

/** What the DICOMweb routes need of the store. Rows and blobs stay behind it. */
export interface Archive {
  /** Opens a file under `tmp/`. @throws AppError `out-of-resources` when free space is below the reserve, or the quota used up */
  stage (options?: StagingOptions): Promise<StagingFile>
  /**
   * Renames, flushes the folders and writes all rows in one transaction (synchronous=FULL). When it resolves, what it
   * calls stored survives a power cut.
   */
  commit (batch: readonly ReceivedInstance[]): Promise<CommitOutcome[]>
  /** Retrievable instances, inputs and results, in the order of series, InstanceNumber, UID. */
  findInstances (filter: InstanceFilter): StoredInstance[]
  search (query: SearchQuery): SearchResult
  /** Whether a study, series or instance was here and was purged or erased (→ 410). */
  isGone (uid: Uid): boolean
  /**
   * Removes all of a study and leaves tombstones; the number of instances removed. @throws AppError `conflict` while
   * a delivery of it is pending, unless forced
   */
  eraseStudy (study: Uid, options?: { readonly force?: boolean }): Promise<number>
  space (): Promise<DiskSpace>
  /** For /readyz: writes and removes a row and a file. @throws AppError `out-of-resources` */
  checkWritable (): Promise<void>
  counters (): ArchiveCounters
  close (): Promise<void>
}
