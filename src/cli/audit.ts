import { parseArgs } from 'node:util'
import { AppError } from '../errors.ts'
import { verifyAudit } from '../archive/verify-audit.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'

export const help = `Usage: tuberlens audit verify FILE…

Follows the chain of audit logs, oldest first, and says where a line was changed, taken out or
put in. That the end of the last log was cut off shows only in its last hash: keep that elsewhere.
`

export async function run (args: string[], io: CliIo): Promise<number> {
  const { positionals } = parseOptions(() => parseArgs({ args, allowPositionals: true, options: {} }))
  const [action, ...paths] = positionals
  if (action !== 'verify') throw new AppError('usage', 'audit can verify, and nothing else')
  if (paths.length === 0) throw new AppError('usage', 'audit verify needs at least one file')
  let before: string | undefined
  let damaged = false
  for (const path of paths) {
    const found = await verifyAudit(path)
    if ('what' in found) {
      io.stdout.write(`${path}: line ${found.line} ${found.what}\n`)
      damaged = true
      before = undefined
      continue
    }
    const follows = before === undefined || before === found.previous
    io.stdout.write(follows
      ? `${path}: ${found.records} records, whole; last hash ${found.last}\n`
      : `${path}: does not follow the file before it\n`)
    damaged ||= !follows
    before = found.last
  }
  return damaged ? exitCodes.partial.code : exitCodes.ok.code
}
