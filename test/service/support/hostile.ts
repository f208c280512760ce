import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { createInstanceReader } from '../../../src/service/instance-reader.ts'
import { type TestService, testService } from './test-service.ts'

interface Teardown { teardown: (action: () => Promise<void>) => unknown }

/** The service as it runs: received files are read in a thread of their own. */
export async function threadedService (t: Teardown, options: Parameters<typeof testService>[1] = {}): Promise<TestService> {
  const reader = createInstanceReader()
  const service = await testService(t, { ...options, reader })
  // after the service: what was set up last ends first
  t.teardown(async () => { await reader.close() })
  return service
}

interface Item { readonly [tag: string]: { readonly Value?: readonly (string | number)[] } | undefined }

/** FailureReason and ErrorComment of each instance that was not stored, in hexadecimal and in words. */
export function failuresOf (answer: LightMyRequestResponse): { reason: string, comment: string, sop: string | undefined }[] {
  const body = answer.json<Readonly<Record<string, { readonly Value?: readonly Item[] } | undefined>>>()
  return ['00081198', '0008119A'].flatMap(sequence => body[sequence]?.Value ?? []).map(item => ({
    reason: Number(item['00081197']?.Value?.[0]).toString(16).toUpperCase().padStart(4, '0'),
    comment: String(item['00000902']?.Value?.[0]),
    sop: item['00081155']?.Value?.[0] as string | undefined,
  }))
}

/** How many instances the answer calls stored. */
export function storedCount (answer: LightMyRequestResponse): number {
  return answer.json<Readonly<Record<string, { readonly Value?: readonly unknown[] } | undefined>>>()['00081199']?.Value?.length ?? 0
}

/** Every file below a folder, relative to it. */
export function filesBelow (folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory()).map(entry => relative(folder, join(entry.parentPath, entry.name))).sort()
}

/** Rejections that nobody handles, from now on. */
export function unhandledRejections (t: { teardown: (action: () => void) => unknown }): readonly unknown[] {
  const seen: unknown[] = []
  const note = (reason: unknown): void => { seen.push(reason) }
  process.on('unhandledRejection', note)
  t.teardown(() => { process.off('unhandledRejection', note) })
  return seen
}
