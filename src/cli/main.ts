#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError, toAppError } from '../errors.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import type { CliIo, Command } from './io.ts'
import { softwareVersion } from '../analysis/software.ts'

interface Listed { readonly summary: string, readonly load: () => Promise<Command> }

/** Loaded only when called: `--help` must not wait for a network to load. */
const commands: Readonly<Record<string, Listed>> = {
  analyze: { summary: 'analyse DICOM files and write report and heatmaps', load: () => import('./analyze.ts') },
  select: { summary: 'show which series would be analysed, and why', load: () => import('./select.ts') },
  serve: { summary: 'run the DICOMweb service', load: () => import('./serve.ts') },
  demo: { summary: 'run the service on a synthetic study and show its results', load: () => import('./demo.ts') },
  synthesize: { summary: 'make synthetic slices with and without tubers', load: () => import('./synthesize.ts') },
  train: { summary: 'train the networks and keep the best', load: () => import('./train.ts') },
  credential: { summary: 'make passwords and tokens for clients of the service', load: () => import('./credential.ts') },
  audit: { summary: 'check that no line of an audit log was changed (audit verify)', load: () => import('./audit.ts') },
  doctor: { summary: 'look at what the service needs, and say what to do', load: () => import('./doctor.ts') },
  evaluate: { summary: 'measure a model on labelled slices', load: () => import('./evaluate.ts') },
  'import-keras': { summary: 'make a model of a network that Keras saved', load: () => import('./import-keras.ts') },
}

function help (): string {
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
  return [
    `tuberlens ${softwareVersion()}: looks for cortical tubers of tuberous sclerosis complex in brain MR.`,
    'Research use only. Not for diagnostic use.',
    '',
    'Usage: tuberlens COMMAND [OPTIONS]',
    '',
    ...list,
    '',
    '  tuberlens COMMAND --help tells a command\'s options; tuberlens --version the version.',
    '',
    'Exit codes:',
    ...codes,
    '',
  ].join('\n')
}

/** Runs one command line. Errors become one line on stderr and an exit code; nothing escapes. */
export async function main (args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
      ;(name === undefined ? io.stderr : io.stdout).write(help())
      return name === undefined ? exitCodes.usage.code : exitCodes.ok.code
    }
    if (name === '--version' || name === '-v') {
      io.stdout.write(`${softwareVersion()}\n`)
      return exitCodes.ok.code
    }
    const listed = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!listed) throw new AppError('usage', `there is no command "${name}"; tuberlens --help lists them`)
    const command = await listed.load()
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(command.help)
      return exitCodes.ok.code
    }
    return await command.run(rest, io)
  } catch (thrown) {
    const error = io.signal.aborted ? new AppError('interrupted', 'stopped', {}, { cause: thrown }) : toAppError(thrown)
    io.stderr.write(`tuberlens: ${error.message}\n`)
    if (error.code === 'usage') io.stderr.write('tuberlens --help tells how to call it\n')
    if (error.code === 'internal' && io.env['TUBERLENS_DEBUG'] === '1') io.stderr.write(`${error.stack ?? ''}\n`)
    return exitCodeOf(error.code)
  }
}

if (isEntry()) {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  // a reader that went away (`tuberlens select … | head`) is not an error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0) })
  process.exitCode = await main(process.argv.slice(2), {
    get stdin () { return process.stdin },
    stdout: process.stdout, stderr: process.stderr, env: process.env, signal: stop.signal,
  })
}

/** Run, not imported by a test. The entry may be a link in node_modules/.bin. */
function isEntry (): boolean {
  const entry = process.argv[1]
  return entry !== undefined && realpathSync(entry) === fileURLToPath(import.meta.url)
}
