import { createDecoder } from '../imaging/decoder-pool.ts'
import type { DeviceName } from '../model/engines/engine.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { loadModel } from '../model/load-model.ts'
import type { EngineChoice } from '../model/load-model.ts'
import type { SelectionCriteria } from '../selection/criteria.ts'
import type { ReportJob, ReportJobResult } from './report-job.ts'
import type { SeriesJob, SeriesJobResult } from './series-job.ts'

/** What the worker process is started with. */
export interface JobOptions {
  readonly modelDir: string
  readonly engine: EngineChoice
  readonly threads?: number | undefined
  readonly device?: DeviceName | undefined
  /** The maps to compute of every slice. */
  readonly methods: readonly HeatmapMethod[]
  readonly criteria?: SelectionCriteria | undefined
}

/** The two jobs of the service's worker process, the model loaded once. One call at a time. */
export interface Jobs {
  /** `onnxruntime 1.30.0` or the like. */
  readonly engine: string
  readonly modelSha256: string
  analyzeSeries (job: SeriesJob, onProgress?: (done: number, total: number) => void): Promise<SeriesJobResult>
  buildReport (job: ReportJob): Promise<ReportJobResult>
  close (): Promise<void>
}

/** @throws AppError as `loadModel` */
export async function openJobs (options: JobOptions): Promise<Jobs> {
  const { modelDir, engine, threads, device, methods, criteria } = options
  // the engine's thread opens the model while this one loads the code that will use it
  const [classifier, { runSeriesJob }, { runReportJob }] = await Promise.all([
    loadModel(modelDir, { engine, threads, device }), import('./series-job.ts'), import('./report-job.ts'),
  ])
  const decoder = createDecoder()
  return {
    engine: classifier.engine,
    modelSha256: classifier.sha256,
    analyzeSeries: async (job, onProgress) => await runSeriesJob(job, { classifier, decoder, methods, onProgress }, criteria),
    buildReport: async job => await runReportJob(job, decoder),
    close: async () => {
      await classifier.close()
      await decoder.close()
    },
  }
}
