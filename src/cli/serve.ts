import { parseArgs } from 'node:util'
import { shippedModelDir } from '../analysis/software.ts'
import { loadConfig } from '../config.ts'
import { AnalysisProcess } from '../workflow/analysis-process.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'

export const help = `Usage: tuberlens serve

Runs the DICOMweb service until it is told to stop (SIGTERM or Ctrl-C).
Everything is configured by environment variables named TUBERLENS_…; the README has the table.
`

export async function run (args: string[], io: CliIo): Promise<number> {
  parseOptions(() => parseArgs({ args, options: {} }))
  const config = loadConfig(io.env)
  const { modelDir = shippedModelDir(), engine, device, threads, methods } = config.analysis
  const analysis = new AnalysisProcess({ jobs: { modelDir, engine, device, threads, methods } })
  try {
    // it loads the model while this process loads the service
    analysis.begin()
    const { serve } = await import('../service/server.ts')
    const service = await serve(config, { analysis })
    io.stderr.write(`tuberlens listens on ${service.url}\n`)
    await service.stopped
    return exitCodes.ok.code
  } finally {
    await analysis.close()
  }
}
