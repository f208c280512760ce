import { parseArgs } from 'node:util'
import { describeConfig, loadConfig } from '../config.ts'
import { type Check, examine } from '../service/doctor/doctor.ts'
import { exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { parseOptions } from './parse-options.ts'

export const help = `Usage: tuberlens doctor [--config] [--json]

Looks at what the service needs, with the environment that it would be started with, and says what to do: configuration,
data folder and disk, model and engine, each destination (answer, credentials, certificate, clock), worklist, keys of the
token issuer, servers of webhook and audit collector, certificates and files of secrets. Changes nothing; the service may run
meanwhile. Run it as the user of the service.

  --config  also prints the effective configuration; what is secret is in files, or hidden
  --json    prints everything as one JSON object

Exit code 0 also with warnings.
`

const marks = { ok: 'ok', warning: 'WARNING', failure: 'FAILURE' } as const

export async function run (args: string[], io: CliIo): Promise<number> {
  const { values } = parseOptions(() => parseArgs({ args, options: { config: { type: 'boolean' }, json: { type: 'boolean' } } }))
  const config = loadConfig(io.env)
  const json = values.json === true
  const checks: Check[] = []
  const note = (check: Check): void => {
    checks.push(check)
    if (!json) io.stdout.write(lineOf(check))
  }
  note({ area: 'configuration', state: 'ok', found: 'no error' })
  for await (const check of examine(config, { signal: io.signal })) note(check)
  const failures = checks.filter(({ state }) => state === 'failure').length
  const warnings = checks.filter(({ state }) => state === 'warning').length
  const configuration = describeConfig(config)
  if (json) io.stdout.write(`${JSON.stringify({ checks, failures, warnings, configuration }, null, 2)}\n`)
  else {
    if (values.config === true) io.stdout.write(`\n${JSON.stringify(configuration, null, 2)}\n`)
    io.stdout.write(`\n${count(failures, 'failure')}, ${count(warnings, 'warning')}\n`)
  }
  return failures > 0 ? exitCodes.unfit.code : exitCodes.ok.code
}

function lineOf ({ area, state, found, todo }: Check): string {
  const line = `${marks[state].padEnd(8)} ${area}: ${found}\n`
  return todo === undefined ? line : `${line}${' '.repeat(9)}${todo}\n`
}

function count (n: number, noun: string): string { return `${n} ${noun}${n === 1 ? '' : 's'}` }
