import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instance } from '../dicom/instance.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import { AppError, toAppError } from '../errors.ts'

export interface UnusableFile { readonly path: string, readonly error: AppError }

export interface Inputs {
  /** Each SOP instance once; a file that repeats one is counted in `duplicates`. */
  readonly instances: readonly Instance[]
  /** DICOM that cannot be read, and files that were named one by one and are no DICOM. */
  readonly unusable: readonly UnusableFile[]
  /** Files in folders that are no DICOM (a readme, a DICOMDIR's companions): passed over. */
  readonly passedOver: number
  readonly duplicates: number
}

/**
 * Reads files, and folders with all that is in them. One bad file never costs the others.
 * @throws AppError `input-unreadable` for a path that does not exist, `interrupted`
 */
export async function readInputs (
  paths: readonly string[],
  options: { readonly signal?: AbortSignal, readonly onProgress?: (done: number, total: number) => void } = {},
): Promise<Inputs> {
  const files: { path: string, named: boolean }[] = []
  for (const path of paths) {
    if ((await statOf(path)).isDirectory()) for await (const inside of walk(path)) files.push({ path: inside, named: false })
    else files.push({ path, named: true })
  }
  const instances = new Map<string, Instance>()
  const unusable: UnusableFile[] = []
  let passedOver = 0
  let duplicates = 0
  for (const [i, { path, named }] of files.entries()) {
    if (options.signal?.aborted === true) throw new AppError('interrupted', 'stopped while reading')
    try {
      const instance = await readInstanceFile(path)
      if (instances.has(instance.sopInstanceUid)) duplicates++
      else instances.set(instance.sopInstanceUid, instance)
    } catch (thrown) {
      const error = toAppError(thrown, 'input-unreadable')
      if (error.code === 'not-dicom' && !named) passedOver++
      else unusable.push({ path, error })
    }
    options.onProgress?.(i + 1, files.length)
  }
  return { instances: [...instances.values()], unusable, passedOver, duplicates }
}

/** The JPG and PNG files among the paths and in the folders among them, by their endings. @throws AppError `input-unreadable` */
export async function pictureFiles (paths: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const path of paths) {
    if (!(await statOf(path)).isDirectory()) found.push(path)
    else for await (const inside of walk(path)) found.push(inside)
  }
  return found.filter(isPictureName)
}

export function isPictureName (path: string): boolean {
  return /\.(png|jpe?g)$/i.test(path)
}

async function statOf (path: string): Promise<Awaited<ReturnType<typeof stat>>> {
  try {
    return await stat(path)
  } catch (cause) {
    throw new AppError('input-unreadable', `${path} cannot be opened: it does not exist or may not be read`, {}, { cause })
  }
}

/** Files below a folder, sorted, so that two runs see the same order. Links are not followed: they may lead in circles. */
async function * walk (folder: string): AsyncGenerator<string> {
  const entries = []
  for await (const entry of await opendir(folder)) entries.push(entry)
  entries.sort((a, b) => a.name < b.name ? -1 : 1)
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield * walk(path)
    else if (entry.isFile()) yield path
  }
}
