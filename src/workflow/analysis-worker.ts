import type { Jobs, openJobs } from '../analysis/jobs.ts'
import { AppError, toAppError } from '../errors.ts'
import type { WorkerAnswer, WorkerRequest } from './analysis-protocol.ts'

/** The process behind `AnalysisProcess`: opens the model with the first job, then answers one request after the other. */

let opening: Extract<WorkerRequest, { method: 'open' }> | undefined
let jobs: Promise<Jobs> | undefined

async function open (): Promise<Jobs> {
  if (opening === undefined) throw new AppError('internal', 'the analysis process was not opened')
  const module = await import(opening.module) as { openJobs: typeof openJobs }
  return await module.openJobs(opening.options)
}

async function answer (request: Exclude<WorkerRequest, { method: 'open' }>): Promise<unknown> {
  jobs ??= open()
  // a model that could not be loaded may be there for the next job
  const ready = await jobs.catch((error: unknown) => {
    jobs = undefined
    throw error
  })
  switch (request.method) {
    case 'warm': return { engine: ready.engine, modelSha256: ready.modelSha256 }
    case 'analyzeSeries': return await ready.analyzeSeries(request.job)
    case 'buildReport': return await ready.buildReport(request.job)
  }
}

function send (message: WorkerAnswer): void { process.send?.(message) }

process.on('message', (request: WorkerRequest) => {
  if (request.method === 'open') { opening = request; return }
  answer(request).then(value => { send({ kind: 'result', value }) }, (thrown: unknown) => {
    const { code, message, facts } = toAppError(thrown, 'engine-failed')
    send({ kind: 'error', code, message, facts })
  })
})
// Ctrl-C reaches the whole process group: the service decides when its worker ends
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.on('disconnect', () => { process.exit(0) })
