import { createReadStream } from 'node:fs'
import { AppError } from '../errors.ts'
import { firstHash, hashOf } from './audit-log.ts'

/** What a whole chain holds. */
export interface AuditChain {
  readonly records: number
  /** Of the line before the first: the last of the month before, or zeros. */
  readonly previous: string
  readonly last: string
}

/** What is wrong with a log: its line, and a sentence. */
export interface AuditDamage { readonly line: number, readonly what: string }

/**
 * Follows the chain of one file.
 * @param onHash told of the hash of each line that follows
 * @throws AppError `input-unreadable`
 */
export async function verifyAudit (
  path: string, onHash: (hash: string) => void = () => undefined,
): Promise<AuditChain | AuditDamage> {
  let records = 0
  let previous: string | undefined
  let sequence = 0
  let last = ''
  try {
    for await (const line of linesOf(path)) {
      const number = records + 1
      const found = /^(.*),"hash":"([0-9a-f]{64})"\}$/s.exec(line)
      if (found === null) return { line: number, what: 'is no record' }
      const text = `${found[1]}}`
      if (hashOf(text) !== found[2]) return { line: number, what: 'was changed after it was written' }
      const record = JSON.parse(text) as { sequence: number, previous: string }
      if (records > 0 && (record.previous !== last || record.sequence !== sequence + 1)) {
        return { line: number, what: 'does not follow the line before it' }
      }
      if ((record.previous === firstHash) !== (record.sequence === 1)) return { line: number, what: 'is not what a trail begins with' }
      previous ??= record.previous
      ;({ sequence } = record)
      last = found[2]!
      onHash(last)
      records++
    }
  } catch (cause) {
    throw new AppError('input-unreadable', 'the audit log cannot be read', {}, { cause })
  }
  return { records, previous: previous ?? '', last }
}

/** By line feeds alone: `node:readline` also ends a line at characters that a text may hold (U+2028). */
async function * linesOf (path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield * lines
  }
  if (rest !== '') yield rest
}
