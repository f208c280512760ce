import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { analyzeStudy } from '../analysis/analyze-study.ts'
import type { AnalysisTools } from '../analysis/analyze-series.ts'
import { Background } from '../analysis/background.ts'
import { buildDeliverables } from '../analysis/build-deliverables.ts'
import type { DeliverableOptions } from '../analysis/build-deliverables.ts'
import type { Deliverable, ExtraKind } from '../analysis/deliverable.ts'
import { displaysOf } from '../analysis/displays.ts'
import { drawnAtOnce, heatmapsAtOnce } from '../analysis/heatmap-deliverables.ts'
import { MapScratch } from '../analysis/map-scratch.ts'
import { recentFrames } from '../analysis/recent-frames.ts'
import { momentIn, newestAcquisition } from '../analysis/report-moment.ts'
import { softwareIdentity } from '../analysis/software.ts'
import type { Attributes } from '../dicom/attributes.ts'
import { readInstance } from '../dicom/read-instance.ts'
import type { Slice } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'
import type { Decoder, JpegEncoder, RleEncoder } from '../imaging/decoder-pool.ts'
import { encodePng } from '../imaging/png.ts'
import { fhirBundle } from '../report/fhir-bundle.ts'
import type { ObjectSettings } from '../report/object-settings.ts'
import type { ReportContext } from '../report/report-context.ts'
import { resultSeries } from '../report/result-series.ts'
import type { ResultSeries } from '../report/result-series.ts'
import type { SeriesIdentity } from '../report/result-uids.ts'
import type { StudyFindings } from '../report/series-findings.ts'
import type { SeriesSelection } from '../selection/series-selection.ts'

export interface WriteOptions {
  readonly folder: string
  readonly model: ReportContext['model']
  /** `undefined`: the newest acquisition of the sources. */
  readonly startedAt: Date | undefined
  readonly png: boolean
  readonly extras: readonly ExtraKind[]
  readonly objects: ObjectSettings
  /** Whether the reports are also written as FHIR. */
  readonly fhir: boolean
  readonly onWritten: (written: number) => void
}

/** A result file on disk. */
export interface WrittenResult {
  readonly kind: Deliverable['kind']
  readonly path: string
  readonly bytes: number
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

/** Files on their way to the disk while the next one is drawn. */
const writesAtOnce = 4

/**
 * Analyses a study and writes all its result objects, in the order in which a PACS should get them. Where the heatmaps of a slice
 * depend on it alone they are drawn while the next slices are classified.
 * @param selections as `selectInOrder` gives them
 * @throws AppError `interrupted`; as `analyzeStudy` and the builders
 */
export async function writeResults (
  selections: readonly SeriesSelection[],
  tools: AnalysisTools & { readonly decoder: Decoder & JpegEncoder & RleEncoder },
  options: WriteOptions,
): Promise<{ readonly study: StudyFindings, readonly written: readonly WrittenResult[] }> {
  const groups = selections.flatMap(selection => selection.groups)
  if (groups.length === 0) return { study: await analyzeStudy(selections, tools), written: [] }
  const context = contextOf(groups.flatMap(({ slices }) => slices), tools, options)
  await mkdir(options.folder, { recursive: true })
  const folder = new ResultFolder(options, groups.map(({ contrast }) => contrast.toLowerCase()))
  const scratch = await MapScratch.open(options.folder)
  try {
    const decoder = recentFrames(tools.decoder)
    const drawing: Omit<DeliverableOptions, 'heatmapsWritten'> = {
      displayOf: displaysOf(decoder),
      encodeRle: async image => await tools.decoder.encodeRle(image),
      encodeJpeg: async (image, quality) => await tools.decoder.encodeJpeg(image, quality),
      extras: options.extras,
    }
    const heatmapsWritten = drawnAtOnce(context)
    const known = new Map<SeriesIdentity, ResultSeries>()
    const resultsOf = (identity: SeriesIdentity): ResultSeries => {
      const results = known.get(identity) ?? resultSeries(identity, context)
      known.set(identity, results)
      return results
    }
    const study = await analyzeStudy(selections, {
      ...tools,
      decoder,
      onResult: async (result, identity) => {
        const heatmaps = heatmapsWritten ? heatmapsAtOnce(result, resultsOf(identity), context, drawing) : []
        for await (const heatmap of heatmaps) await folder.add(heatmap)
        return { ...result, finding: await scratch.keep(result.finding) }
      },
    })
    for await (const deliverable of buildDeliverables(study, context, { ...drawing, heatmapsWritten })) {
      if (tools.signal?.aborted === true) throw new AppError('interrupted', 'stopped while writing')
      await folder.add(deliverable)
      options.onWritten(folder.written.length)
    }
    if (options.fhir) await folder.addFhir(study)
    return { study, written: folder.written }
  } finally {
    await folder.end()
    await scratch.close()
  }
}

function contextOf (
  slices: readonly Slice[], { methods }: AnalysisTools, { model, startedAt, objects }: WriteOptions,
): ReportContext {
  const offset = slices[0]!.source.attributes.string('TimezoneOffsetFromUTC')
  return {
    software: softwareIdentity(),
    model,
    ...(startedAt === undefined ? newestAcquisition(slices) : momentIn(startedAt, offset)),
    instanceCreation: false,
    srSopClass: '88.34',
    scModality: 'MR',
    gradCam: methods.includes('grad-cam'),
    saliency: methods.includes('saliency'),
    evidence: methods.includes('evidence'),
    objects,
  }
}

/** The files of one study. */
class ResultFolder {
  readonly written: WrittenResult[] = []
  readonly #options: WriteOptions
  /** By ordinal, from 1. */
  readonly #contrasts: readonly string[]
  readonly #reports: Attributes[] = []
  readonly #writing = new Background(writesAtOnce)

  constructor (options: WriteOptions, contrasts: readonly string[]) {
    this.#options = options
    this.#contrasts = contrasts
  }

  async add (deliverable: Deliverable): Promise<void> {
    const { kind, bytes, sopClassUid, sopInstanceUid, picture, document } = deliverable
    const { folder, png } = this.#options
    const path = join(folder, this.#nameOf(deliverable))
    await this.#writing.add(async () => { await writeFile(`${path}.dcm`, bytes) })
    if (png && picture !== undefined) {
      const file = encodePng(picture)
      await this.#writing.add(async () => { await writeFile(`${path}.png`, file) })
    }
    if (document !== undefined) await this.#writing.add(async () => { await writeFile(`${path}.pdf`, document) })
    if (kind === 'sr') this.#reports.push(readInstance(bytes).attributes)
    this.written.push({ kind, path: `${path}.dcm`, bytes: bytes.length, sopClassUid, sopInstanceUid })
  }

  async addFhir ({ conclusion }: StudyFindings): Promise<void> {
    await writeFile(join(this.#options.folder, 'fhir.json'), `${JSON.stringify(fhirBundle(this.#reports, conclusion), null, 2)}\n`)
  }

  /** Waits until all files are on disk. */
  async end (): Promise<void> { await this.#writing.end() }

  /** `summary`, `report` (the PDF), `study-report` (of all series), `1-flair-report`, `1-flair-grad-cam-014`: never anything of the patient. */
  #nameOf ({ kind, ordinal, instanceNumber }: Deliverable): string {
    if (ordinal === undefined) return kind === 'pdf' ? 'report' : kind === 'sr' ? 'study-report' : kind
    const contrast = this.#contrasts[ordinal - 1]!
    if (kind === 'sr') return `${ordinal}-${contrast}-report`
    return `${ordinal}-${contrast}-${kind}-${String(instanceNumber).padStart(3, '0')}`
  }
}
