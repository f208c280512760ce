import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { AppError } from '../errors.ts'

/** What lies in a folder of training data, by name; `what` is for the message. @throws AppError `input-unreadable` */
export async function entriesOf (
  folder: string, what: string, options: { readonly recursive?: boolean } = {},
): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: options.recursive ?? false })
    return entries.sort((one, other) => one.name < other.name ? -1 : 1)
  } catch (cause) {
    throw new AppError('input-unreadable', `the folder of ${what} cannot be read`, {}, { cause })
  }
}

/** The name of a NIfTI file without its endings, or `undefined` for another file. */
export function niftiStem (name: string): string | undefined {
  return /^(.+?)\.nii(\.gz)?$/.exec(name)?.[1]
}
