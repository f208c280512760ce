import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from '@photostructure/sqlite'
import type { StatementSyncInstance } from '@photostructure/sqlite'
import { AppError } from '../errors.ts'
import { migrations } from './migrations.ts'

export type SqlValue = string | number | null
export type Parameters = Readonly<Record<string, SqlValue>>

/** One row, columns by name; read through the typed methods, which throw `internal` where the schema is not what the code believes. */
export class Row {
  readonly #values: Readonly<Record<string, unknown>>
  constructor (values: Readonly<Record<string, unknown>>) { this.#values = values }

  text (column: string): string {
    const value = this.#values[column]
    if (typeof value !== 'string') throw new AppError('internal', `column ${column} is not text`, { column })
    return value
  }

  number (column: string): number {
    const value = this.#values[column]
    if (typeof value !== 'number') throw new AppError('internal', `column ${column} is not a number`, { column })
    return value
  }

  /** NULL is `undefined`. */
  textOrAbsent (column: string): string | undefined { return this.#values[column] === null ? undefined : this.text(column) }
  /** NULL is `undefined`. */
  numberOrAbsent (column: string): number | undefined { return this.#values[column] === null ? undefined : this.number(column) }
}

/** SQLite result codes that mean "no room or no right to write" (sqlite3.h): FULL, IOERR, READONLY, CANTOPEN. */
const resourceErrors = /\b(disk is full|disk I\/O error|readonly database|unable to open database)\b/i

/** One connection: WAL, synchronous=FULL, foreign keys, freed pages overwritten. Statements are prepared once and kept. */
export class Database {
  readonly #handle: InstanceType<typeof DatabaseSync>
  readonly #statements = new Map<string, StatementSyncInstance>()

  /** Opens or creates, and brings the schema up to date. @throws AppError `out-of-resources`, `internal` (a newer schema) */
  constructor (path: string) {
    keepToOwner(path)
    this.#handle = wrap(() => new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true }))
    wrap(() => this.#handle.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864`))
    this.#handle.function('fold_name', { deterministic: true }, (text: unknown) => typeof text === 'string' ? foldName(text) : null)
    this.#migrate()
  }

  all (sql: string, parameters: Parameters = {}): Row[] {
    return wrap(() => this.#prepare(sql).all(parameters) as Record<string, unknown>[]).map(values => new Row(values))
  }

  get (sql: string, parameters: Parameters = {}): Row | undefined {
    return this.all(sql, parameters)[0]
  }

  /** The number of rows changed. */
  run (sql: string, parameters: Parameters = {}): number {
    return wrap(() => this.#prepare(sql).run(parameters).changes)
  }

  /** All or nothing, durable when it returns. Transactions do not nest: an inner one joins the outer. */
  transaction<T> (body: () => T): T {
    if (this.#inTransaction()) return body()
    wrap(() => this.#handle.exec('BEGIN IMMEDIATE'))
    try {
      const result = body()
      wrap(() => this.#handle.exec('COMMIT'))
      return result
    } catch (error) {
      if (this.#inTransaction()) this.#handle.exec('ROLLBACK')
      throw error
    }
  }

  /** Gives freed pages back and empties the write-ahead log into the database. */
  compact (): void {
    wrap(() => this.#handle.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)'))
  }

  close (): void {
    if (!this.#handle.isOpen) return
    this.#statements.clear()
    this.#handle.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    this.#handle.close()
  }

  #inTransaction (): boolean { return this.#handle.isTransaction }

  #prepare (sql: string): StatementSyncInstance {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#handle.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #migrate (): void {
    wrap(() => this.#handle.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT'))
    const current = this.get('SELECT COALESCE(MAX(version), 0) AS version FROM schema_version')!.number('version')
    if (current > migrations.length) {
      throw new AppError('internal', 'the data folder was written by a newer tuberlens', { schema: current, known: migrations.length })
    }
    for (const [index, sql] of migrations.entries()) {
      if (index < current) continue
      this.transaction(() => {
        wrap(() => this.#handle.exec(sql))
        this.run('INSERT INTO schema_version (version, at) VALUES (:version, :at)', { version: index + 1, at: Date.now() })
      })
    }
  }
}

/**
 * A component group of a person name as it is compared: composed, without regard to case and to what may stand at its end
 * without meaning, blanks and empty components (PS3.5 6.2.1.1). SQL knows it as `fold_name`.
 */
export function foldName (text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/[\s^]+$/, '')
}

function wrap<T> (body: () => T): T {
  try {
    return body()
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown'
    if (resourceErrors.test(message)) throw new AppError('out-of-resources', 'the database cannot be written', {}, { cause: error })
    // SQLite names columns and constraints in its messages, never values
    throw new AppError('internal', `database: ${message}`, {}, { cause: error })
  }
}

/**
 * Lets nobody but the owner read a database, however open the folder is: what SQLite makes beside it (`-wal`, `-shm`) gets its mode.
 * A file system without modes, or a file of another owner, is as it is.
 */
function keepToOwner (path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600))
    for (const name of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(name)) chmodSync(name, 0o600)
  } catch { /* opening it says what is wrong */ }
}

/** The folder's lock: two services on one folder would take each other's jobs. The system frees it when the process dies. */
export function lockFolder (path: string): { release: () => void } {
  let handle: InstanceType<typeof DatabaseSync> | undefined
  keepToOwner(path)
  try {
    handle = new DatabaseSync(path, { timeout: 0 })
    handle.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (error) {
    handle?.close()
    const busy = error instanceof Error && /locked|busy/i.test(error.message)
    if (busy) throw new AppError('conflict', 'another tuberlens uses this data folder', {}, { cause: error })
    throw new AppError('out-of-resources', 'the data folder cannot be written', {}, { cause: error })
  }
  const held = handle
  return { release: () => { if (held.isOpen) held.close() } }
}
