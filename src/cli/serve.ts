import { parseArgs } from 'node:util'
import { loadConfig } from '../config.ts'
import { serve } from '../service/server.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'

export const help = `Usage: tuberlens serve

Runs the DICOMweb service until it is told to stop (SIGTERM or Ctrl-C).
Everything is configured by environment variables named TUBERLENS_…; the README has the table.
`

export async function run (args: string[], io: CliIo): Promise<number> {
  parseOptions(() => parseArgs({ args, options: {} }))
  const service = await serve(loadConfig(io.env))
  io.stderr.write(`tuberlens listens on ${service.url}\n`)
  await service.stopped
  return exitCodes.ok.code
}
