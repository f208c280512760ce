import { randomUUID } from 'node:crypto'
import { access, constants, open, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../../config.ts'
import { type Check, failure, ok, warning } from './check.ts'

const area = 'data folder'
/** f_type of statfs(2) of file systems whose locks and flushes SQLite's write-ahead log cannot rely on. */
const networkTypes: Readonly<Record<number, string>> = { 0x6969: 'NFS', 0x517b: 'SMB', 0xfe534d42: 'SMB', 0xff534d42: 'CIFS' }
/** A store request waits for two or three flushes. */
const slowFlushMs = 250
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/** Whether the folder can be written, with how much room, and how long a file takes to be on the disk. Leaves nothing behind. */
export async function checkDataFolder ({ dataDir, reserveBytes }: Pick<Config, 'dataDir' | 'reserveBytes'>): Promise<Check[]> {
  const folder = resolve(dataDir)
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined) return await checkParent(folder)
  if (!found.isDirectory()) return [failure(area, `${folder} is not a folder`, 'let TUBERLENS_DATA_DIR name a folder')]
  let flushMs: number
  try {
    flushMs = await writeOnce(folder)
  } catch (thrown) {
    return [failure(area, `${folder} cannot be written (${codeOf(thrown)})`, rights())]
  }
  return [
    flushMs > slowFlushMs
      ? warning(area, `${folder} can be written, but a file takes ${Math.round(flushMs)} ms to be on the disk`, 'use a faster disk: senders wait for it')
      : ok(area, `${folder} can be written; a file is on the disk after ${Math.round(flushMs)} ms`),
    ...(found.mode & 0o077) === 0 || process.platform === 'win32' ? [] : [warning(area, 'others can look into it, and it holds patient data', `chmod 700 ${folder}`)],
    ...await checkSpace(folder, reserveBytes),
  ]
}

function rights (): string {
  const user = process.getuid?.()
  return user === undefined ? 'give the user of the service the right to write' : `give it to the user of the service, with mode 700; this command ran as user ${user}`
}

async function checkParent (folder: string): Promise<Check[]> {
  const parent = dirname(folder)
  return await access(parent, constants.W_OK).then(
    () => [ok(area, `${folder} is not there yet; the first start makes it`)],
    () => [failure(area, `${folder} is not there and cannot be made`, `make it, and ${rights()}`)])
}

/** As the archive writes: a new file, flushed, renamed, and the folder flushed. @returns ms */
async function writeOnce (folder: string): Promise<number> {
  const [path, renamed] = [join(folder, `doctor-${randomUUID()}`), join(folder, `doctor-${randomUUID()}`)]
  const began = performance.now()
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.write(Buffer.alloc(4096))
      await file.sync()
    } finally { await file.close() }
    await rename(path, renamed)
    const handle = await open(folder, 'r')
    try { await handle.sync() } finally { await handle.close() }
    return performance.now() - began
  } finally {
    await Promise.all([path, renamed].map(async name => { await rm(name, { force: true }) }))
  }
}

async function checkSpace (folder: string, reserveBytes: number): Promise<Check[]> {
  const { bsize, bavail, blocks, type } = await statfs(folder)
  const [free, total] = [bsize * bavail, bsize * blocks]
  const room = `${gigabytes(free)} of ${gigabytes(total)} are free; ${gigabytes(reserveBytes)} are kept in reserve`
  const network = networkTypes[type >>> 0]
  return [
    free <= reserveBytes
      ? failure(area, `${room}: nothing is taken in`, 'free or add disk, or lower TUBERLENS_DISK_RESERVE')
      : free < 2 * reserveBytes ? warning(area, room, 'free or add disk soon: below the reserve senders are refused') : ok(area, room),
    ...network === undefined ? [] : [failure(area, `it lies on a network file system (${network})`, 'put it on a local disk or a block device')],
  ]
}

function codeOf (thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown cause'
}
