import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Uid } from '../dicom/uid.ts'
import type {
  Archive, ArchiveCounters, CommitOutcome, DiskSpace, InstanceFilter, ReceivedInstance, SearchQuery, SearchResult, StagingFile,
  StagingOptions, StoredInstance,
} from './archive.ts'
import { ArtifactTable } from './artifact-table.ts'
import { commitBatch, type DuplicatePolicy } from './commit.ts'
import { Database, lockFolder } from './database.ts'
import { DeliveryTable } from './delivery-table.ts'
import { InstanceTable } from './instance-table.ts'
import { JobTable } from './job-table.ts'
import { PurgeTable } from './purge-table.ts'
import { search } from './search.ts'
import { SeriesTable } from './series-table.ts'
import { AppError } from '../errors.ts'
import { diskError, Spool } from './spool.ts'
import { sweep } from './sweep.ts'
import type { SweepReport } from './sweep.ts'
import { isBuried } from './tombstones.ts'
import { WebhookTable } from './webhook-table.ts'
import { WorkitemTable } from './workitem-table.ts'

export interface ArchiveOptions {
  /** Everything that the service keeps is below it. */
  readonly dataDir: string
  /** Below this much free space nothing is taken in. Default 1 GiB. */
  readonly reserveBytes?: number
  /** Most bytes that all instances together may have before nothing more is taken in; no limit by default. */
  readonly quotaBytes?: number | undefined
  /** `refuse` by default. */
  readonly duplicates?: DuplicatePolicy
  /** ms since 1970; the system's clock by default */
  readonly now?: () => number
}

/** The store of one machine: SQLite and files in one folder, one process at a time. */
export class SqliteArchive implements Archive {
  readonly series: SeriesTable
  readonly jobs: JobTable
  readonly artifacts: ArtifactTable
  readonly deliveries: DeliveryTable
  readonly purge: PurgeTable
  readonly webhook: WebhookTable
  readonly workitems: WorkitemTable
  readonly spool: Spool
  readonly #database: Database
  readonly #instances: InstanceTable
  readonly #lock: { release: () => void }
  readonly #now: () => number
  readonly #quotaBytes: number | undefined
  readonly #duplicates: DuplicatePolicy
  #last: Promise<unknown> = Promise.resolve()

  private constructor (database: Database, spool: Spool, lock: { release: () => void }, options: ArchiveOptions) {
    this.#database = database
    this.#lock = lock
    this.#now = options.now ?? Date.now
    this.#quotaBytes = options.quotaBytes
    this.#duplicates = options.duplicates ?? 'refuse'
    this.spool = spool
    this.#instances = new InstanceTable(database, spool)
    this.series = new SeriesTable(database)
    this.jobs = new JobTable(database)
    this.deliveries = new DeliveryTable(database, spool)
    this.artifacts = new ArtifactTable(database, spool, this.#instances, this.deliveries)
    this.purge = new PurgeTable(database, spool)
    this.webhook = new WebhookTable(database)
    this.workitems = new WorkitemTable(database)
  }

  /** Opens or creates the data folder. @throws AppError `out-of-resources`, `conflict` when another process has it */
  static async open (options: ArchiveOptions): Promise<SqliteArchive> {
    const { dataDir, reserveBytes = 2 ** 30 } = options
    await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => { throw diskError(error) })
    const lock = lockFolder(join(dataDir, 'lock.sqlite'))
    try {
      const spool = new Spool(dataDir, { reserveBytes })
      await spool.open()
      return new SqliteArchive(new Database(join(dataDir, 'tuberlens.sqlite')), spool, lock, options)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  async stage (options?: StagingOptions): Promise<StagingFile> {
    this.#checkQuota()
    return await this.spool.stage(options)
  }

  async commit (batch: readonly ReceivedInstance[]): Promise<CommitOutcome[]> {
    const { spool, artifacts } = this
    const tables = { database: this.#database, spool, instances: this.#instances, artifacts, duplicates: this.#duplicates }
    return await this.exclusive(async () => await commitBatch(tables, batch, this.#now()))
  }

  findInstances (filter: InstanceFilter): StoredInstance[] { return this.#instances.find(filter) }

  search (query: SearchQuery): SearchResult { return search(this.#database, query) }

  isGone (uid: Uid): boolean { return isBuried(this.#database, uid) }

  async eraseStudy (study: Uid, options: { readonly force?: boolean } = {}): Promise<number> {
    return await this.exclusive(async () => {
      const findings = this.jobs.list({ study, limit: 10_000 }).flatMap(job => job.resultPath ?? [])
      const removed = await this.purge.eraseStudy(study, options.force === true, this.#now())
      for (const name of findings) await rm(join(this.spool.findings, name), { force: true })
      return removed
    })
  }

  async space (): Promise<DiskSpace> {
    const disk = await Promise.resolve(this.spool.space())
    const quota = this.#quotaBytes
    if (quota === undefined) return disk
    const left = Math.max(0, quota - this.spoolBytes())
    const isTighter = left / quota < disk.freeBytes / disk.totalBytes
    return { ...disk, ...(isTighter ? { freeBytes: left, totalBytes: quota } : {}), enough: disk.enough && left > 0 }
  }

  async checkWritable (): Promise<void> {
    this.#checkQuota()
    await this.spool.checkWritable()
    this.#database.run('INSERT OR REPLACE INTO probe (id, at) VALUES (1, :at)', { at: this.#now() })
  }

  counters (): ArchiveCounters {
    const count = (sql: string) => Object.fromEntries(this.#database.all(sql).map(row => [row.text('name'), row.number('n')]))
    const instances = count('SELECT kind AS name, COUNT(*) AS n FROM instances GROUP BY kind')
    const single = (sql: string) => this.#database.get(sql)!.number('n')
    return {
      instances: { input: instances['input'] ?? 0, result: instances['result'] ?? 0, ignored: single('SELECT COUNT(*) AS n FROM ignored') },
      series: count('SELECT state AS name, COUNT(*) AS n FROM series WHERE kind = \'input\' GROUP BY state'),
      jobs: count('SELECT kind || \':\' || state AS name, COUNT(*) AS n FROM jobs GROUP BY kind, state'),
      deliveries: count('SELECT state AS name, COUNT(*) AS n FROM deliveries GROUP BY state'),
      spoolBytes: this.spoolBytes(),
    }
  }

  /** Of all instances kept. */
  spoolBytes (): number {
    return this.#database.get('SELECT COALESCE(SUM(bytes), 0) AS n FROM instances')!.number('n')
  }

  #checkQuota (): void {
    if (this.#quotaBytes !== undefined && this.spoolBytes() >= this.#quotaBytes) {
      throw new AppError('out-of-resources', 'the quota of the data folder is used up')
    }
  }

  /** What the last process left half done (service.md §3.2): files without a row, rows without a file. */
  async sweep (): Promise<SweepReport> {
    return await this.exclusive(async () => await sweep(this.purge, this.spool, this.#now()))
  }

  /** Runs file-and-row changes one after the other, so that none sees another half done. */
  async exclusive<T> (body: () => Promise<T>): Promise<T> {
    const run = this.#last.then(body, body)
    this.#last = run.catch(() => undefined)
    return await run
  }

  /** Gives pages back to the file system after a purge. */
  compact (): void { this.#database.compact() }

  async close (): Promise<void> {
    await this.#last
    this.#database.close()
    this.#lock.release()
  }
}
