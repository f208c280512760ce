import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'

/** What figures depend on. No name that tells whose machine it is. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly os: string
  readonly node: string
}

export function thisMachine (): Machine {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown processor',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: distribution() ?? `${type()} ${release()}`,
    node: process.version.slice(1),
  }
}

function distribution (): string | undefined {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  } catch {
    return undefined // not Linux
  }
}

/** In a sentence. */
export function describeMachine ({ processor, cores, memoryGb, os, node }: Machine): string {
  return `${processor}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${memoryGb} GB, ${os}, Node ${node}`
}
