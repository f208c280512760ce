import { open, rename } from 'node:fs/promises'

/**
 * Writes beside the place, flushes, then renames: after a power cut there is the whole file or none.
 * @param content pieces are asked for one by one, as they are written
 */
export async function writeFileDurably (path: string, content: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const file = await open(`${path}.tmp`, 'w')
  try {
    // each goes behind the one before
    for (const piece of content instanceof Uint8Array ? [content] : content) await file.writeFile(piece)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
}
