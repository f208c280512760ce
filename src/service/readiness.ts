import type { FastifyBaseLogger } from 'fastify'
import { toAppError } from '../errors.ts'
import type { ServiceContext } from './context.ts'

/** How one check went; `reason` is the code of its error. */
export interface CheckResult { readonly name: string, readonly ok: boolean, readonly reason?: string }

/** All checks of /readyz now. */
export async function checkReadiness (
  { draining, readiness }: Pick<ServiceContext, 'draining' | 'readiness'>, log: FastifyBaseLogger,
): Promise<CheckResult[]> {
  if (draining.value) return [{ name: 'accepting', ok: false, reason: 'stopping' }]
  return await Promise.all(readiness.map(async ({ name, check }) => {
    try {
      await check()
      return { name, ok: true }
    } catch (thrown) {
      const error = toAppError(thrown)
      log.warn({ err: error, check: name }, 'not ready')
      return { name, ok: false, reason: error.code }
    }
  }))
}
