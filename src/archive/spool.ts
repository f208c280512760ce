import { createHash, randomUUID } from 'node:crypto'
import { constants, renameSync, statfsSync } from 'node:fs'
import { access, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { AppError, toAppError } from '../errors.ts'
import type { DiskSpace, InstanceKind, StagedFile, StagingFile, StagingOptions } from './archive.ts'
import { flush } from './flush.ts'
import { openStaging } from './staging.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
/** Errors of the file system that mean "no room or no right to write". */
const resourceCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'EIO'])

/** Any file-system error as AppError: `out-of-resources` for lack of room, rights or handles, else `internal`. */
export function diskError (thrown: unknown): AppError {
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  if (resourceCodes.has(code)) return new AppError('out-of-resources', 'the data folder cannot be written', { code }, { cause: thrown })
  return toAppError(thrown, 'internal', 'a file operation failed', { code })
}

/**
 * The files of the service: `tmp/` (being written), `spool/in` and `spool/out` (instances), `findings/`. Names are hashes of UIDs,
 * so no UID and no path of a sender ever names a file.
 */
export class Spool {
  readonly root: string
  readonly findings: string
  readonly #tmp: string
  readonly #reserveBytes: number

  constructor (dataDir: string, options: { readonly reserveBytes: number }) {
    this.root = join(dataDir, 'spool')
    this.#tmp = join(dataDir, 'tmp')
    this.findings = join(dataDir, 'findings')
    this.#reserveBytes = options.reserveBytes
  }

  /** Creates the folders and empties `tmp/`. @throws AppError `out-of-resources` */
  async open (): Promise<void> {
    try {
      await rm(this.#tmp, { recursive: true, force: true })
      for (const folder of [this.#tmp, this.findings, join(this.root, 'in'), join(this.root, 'out')]) {
        await mkdir(folder, { recursive: true, mode: 0o700 })
      }
      await access(this.#tmp, constants.W_OK)
    } catch (error) { throw diskError(error) }
  }

  /** @throws AppError `out-of-resources` when free space is below the reserve */
  async stage (options: StagingOptions = {}): Promise<StagingFile> {
    const { enough } = this.space()
    if (!enough) throw new AppError('out-of-resources', 'free space is below the reserve')
    return await Promise.resolve(openStaging(join(this.#tmp, `${randomUUID()}.part`), options))
  }

  /** A fresh folder under `tmp/` for a job; gone at the next start. */
  async scratch (): Promise<string> {
    const folder = join(this.#tmp, randomUUID())
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => { throw diskError(error) })
    return folder
  }

  /** Where an instance lies, below `root`. */
  nameOf (kind: InstanceKind, series: string, sop: string, revision: number): string {
    const folder = hash(series)
    return join(kind === 'input' ? 'in' : 'out', folder.slice(0, 2), folder, `${hash(sop)}.${revision}.dcm`)
  }

  absolute (name: string): string { return join(this.root, name) }

  /** Renames a flushed file to its place. The folder is flushed by `flushFolders`. @throws AppError */
  async place (file: Pick<StagedFile, 'path'>, name: string): Promise<void> {
    const target = this.absolute(name)
    try {
      // the folder of a series is mostly there
      if (renamed(file.path, target)) return
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      renameSync(file.path, target)
      // a new folder's own entry, and its parent's, must reach the disk too
      const parent = dirname(dirname(target))
      await Promise.all([parent, dirname(parent)].map(flush))
    } catch (error) { throw diskError(error) }
  }

  /** fsync of the folders that hold these names (PS3.18 leaves durability to us; POSIX asks for it after rename). */
  async flushFolders (names: readonly string[]): Promise<void> {
    const folders = new Set(names.map(name => dirname(this.absolute(name))))
    await Promise.all([...folders].map(flush)).catch((error: unknown) => { throw diskError(error) })
  }

  async remove (names: readonly string[]): Promise<void> {
    for (const name of names) await rm(this.absolute(name), { force: true }).catch((error: unknown) => { throw diskError(error) })
  }

  /** Names of all files below `root`, with the age of each in ms. */
  async * files (now: number): AsyncIterable<{ name: string, ageMs: number, bytes: number }> {
    for (const entry of await readdir(this.root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const found = await stat(path).catch(() => undefined)
      if (found === undefined) continue
      yield { name: relative(this.root, path), ageMs: now - Math.max(found.mtimeMs, found.ctimeMs), bytes: found.size }
    }
  }

  /** @throws AppError `out-of-resources` */
  space (): DiskSpace {
    try {
      // asked for every part, and answered from memory: to ask another thread would take ten times as long
      const { bsize, bavail, blocks } = statfsSync(this.#tmp)
      const freeBytes = bsize * bavail
      return { freeBytes, totalBytes: bsize * blocks, reserveBytes: this.#reserveBytes, enough: freeBytes > this.#reserveBytes }
    } catch (error) { throw diskError(error) }
  }

  /** Writes, flushes and removes a file. @throws AppError `out-of-resources` */
  async checkWritable (): Promise<void> {
    const { enough } = this.space()
    if (!enough) throw new AppError('out-of-resources', 'free space is below the reserve')
    const path = join(this.#tmp, `probe-${randomUUID()}`)
    try {
      const file = await open(path, 'wx', 0o600)
      try {
        await file.write(Buffer.alloc(1))
        await file.sync()
      } finally { await file.close() }
    } catch (error) {
      throw diskError(error)
    } finally { await rm(path, { force: true }) }
  }
}

/** Whether the folder that it goes to was there. Takes microseconds, to hear of it from another thread would take many times that. */
function renamed (from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** Flushes a file that another process wrote. @throws AppError */
export async function flushFile (path: string): Promise<void> {
  await flush(path).catch((error: unknown) => { throw diskError(error) })
}
