import { open, rename } from 'node:fs/promises'

/** Writes beside the place, flushes, then renames: after a power cut there is the whole file or none. */
export async function writeFileDurably (path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(`${path}.tmp`, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
}
