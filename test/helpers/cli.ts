import { PassThrough } from 'node:stream'
import { main } from '../../src/cli/main.ts'

export interface CliResult { readonly code: number, readonly stdout: string, readonly stderr: string }

/** Runs one command line in this process. */
export async function runCli (args: readonly string[], env: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<CliResult> {
  const text = { stdout: '', stderr: '' }
  const collect = (name: keyof typeof text) => {
    const stream = new PassThrough()
    stream.setEncoding('utf8').on('data', (chunk: string) => { text[name] += chunk })
    return stream
  }
  const io = { stdout: collect('stdout'), stderr: collect('stderr'), env, signal: signal ?? new AbortController().signal }
  const code = await main(args, io)
  await new Promise(resolve => setImmediate(resolve))
  return { code, ...text }
}
