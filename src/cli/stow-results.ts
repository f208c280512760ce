import { storeInstances } from '../dicomweb/stow-client.ts'
import type { CliIo } from './io.ts'
import type { WrittenResult } from './write-results.ts'

/** Stores results in a PACS, once; says what it did on stderr. @returns whether all of them are there */
export async function stowResults (url: string, files: readonly WrittenResult[], io: CliIo): Promise<boolean> {
  const outcomes = await storeInstances({ url }, files, { signal: io.signal })
  const missing = outcomes.filter(({ verdict }) => verdict !== 'sent')
  if (missing.length === 0) {
    io.stderr.write(`stored ${files.length} objects in the PACS\n`)
    return true
  }
  const causes = new Map<string, number>()
  for (const { cause, http } of missing) {
    const text = http === undefined ? cause : `${cause}, HTTP ${http}`
    causes.set(text, (causes.get(text) ?? 0) + 1)
  }
  const list = [...causes].map(([text, count]) => `${count} × ${text}`).join('; ')
  io.stderr.write(`tuberlens: ${missing.length} of ${files.length} objects were not stored in the PACS (${list})\n`)
  return false
}
