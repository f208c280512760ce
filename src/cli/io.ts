import type { Readable, Writable } from 'node:stream'

/** What a command may touch of its process; tests give their own. */
export interface CliIo {
  readonly stdout: Writable
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** Absent where nothing can be asked. */
  readonly stdin?: Readable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
}

/** One file per command, loaded when it is called. */
export interface Command {
  readonly help: string
  run (args: string[], io: CliIo): Promise<number>
}
