import type { Jobs, openJobs } from '../analysis/jobs.ts'
import { AppError, type ErrorFacts, toAppError } from '../errors.ts'
import type { WorkerAnswer, WorkerRequest } from './analysis-protocol.ts'

/** The process behind `AnalysisProcess`: opens the model at once, then answers one request after the other. */

let opening: Extract<WorkerRequest, { method: 'open' }> | undefined
let jobs: Promise<Jobs> | undefined

async function open (): Promise<Jobs> {
  if (opening === undefined) throw new AppError('internal', 'the analysis process was not opened')
  const module = await import(opening.module) as { openJobs: typeof openJobs }
  return await module.openJobs(opening.options)
}

/** Opens the model unless it is open, and tells. One that could not be loaded may be there the next time. */
function ensureOpen (): Promise<Jobs> {
  jobs ??= open().then(opened => {
    send({ kind: 'ready' })
    return opened
  }, (thrown: unknown) => {
    jobs = undefined
    send({ kind: 'unready', ...described(thrown) })
    throw thrown
  })
  return jobs
}

async function answer (request: Exclude<WorkerRequest, { method: 'open' }>): Promise<unknown> {
  const ready = await ensureOpen()
  switch (request.method) {
    case 'warm': return { engine: ready.engine, modelSha256: ready.modelSha256 }
    case 'analyzeSeries': return await ready.analyzeSeries(request.job)
    case 'buildReport': return await ready.buildReport(request.job)
  }
}

function described (thrown: unknown): { code: string, message: string, facts: ErrorFacts } {
  const { code, message, facts } = toAppError(thrown, 'engine-failed')
  return { code, message, facts }
}

function send (message: WorkerAnswer): void { process.send?.(message) }

process.on('message', (request: WorkerRequest) => {
  if (request.method === 'open') {
    opening = request
    ensureOpen().catch(() => undefined)
    return
  }
  answer(request).then(value => { send({ kind: 'result', value }) }, (thrown: unknown) => { send({ kind: 'error', ...described(thrown) }) })
})
// Ctrl-C reaches the whole process group: the service decides when its worker ends
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.on('disconnect', () => { process.exit(0) })
