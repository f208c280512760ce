import { parseArgs } from 'node:util'
import { AppError } from '../errors.ts'
import { verifyAudit } from '../archive/verify-audit.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'

export const help = `Usage: tuberlens audit verify FILE… [--last-hash HASH]

Follows the chain of audit logs, oldest first, and says where a line was changed, taken out or
put in. That the end was cut off, or the whole chain written anew, shows only against a hash that
was kept elsewhere: the service logs its last one at each stop, and this command prints it.

  --last-hash HASH  a hash that was kept: it must still be in the chain, at its end or before
`

export async function run (args: string[], io: CliIo): Promise<number> {
  const { positionals, values } = parseOptions(() => parseArgs({ args, allowPositionals: true, options: { 'last-hash': { type: 'string' } } }))
  const kept = values['last-hash']?.toLowerCase()
  if (kept !== undefined && !/^[0-9a-f]{64}$/.test(kept)) throw new AppError('usage', '--last-hash must be 64 hexadecimal digits')
  const [action, ...paths] = positionals
  if (action !== 'verify') throw new AppError('usage', 'audit can verify, and nothing else')
  if (paths.length === 0) throw new AppError('usage', 'audit verify needs at least one file')
  let before: string | undefined
  let damaged = false
  let isKept = kept === undefined
  for (const path of paths) {
    const found = await verifyAudit(path, hash => { isKept ||= hash === kept })
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
  if (!isKept) {
    io.stdout.write('the kept hash is not in the chain: its end was cut off, or it was written anew\n')
    damaged = true
  }
  return damaged ? exitCodes.partial.code : exitCodes.ok.code
}
