import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildDeliverables } from '../analysis/build-deliverables.ts'
import type { Deliverable, ExtraKind } from '../analysis/build-deliverables.ts'
import { displaysOf } from '../analysis/displays.ts'
import { momentIn, newestAcquisition } from '../analysis/report-moment.ts'
import { softwareIdentity } from '../analysis/software.ts'
import type { Attributes } from '../dicom/attributes.ts'
import { readInstance } from '../dicom/read-instance.ts'
import { AppError } from '../errors.ts'
import type { Decoder, JpegEncoder, RleEncoder } from '../imaging/decoder-pool.ts'
import { encodePng } from '../imaging/png.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { fhirBundle } from '../report/fhir-bundle.ts'
import type { ObjectSettings } from '../report/object-settings.ts'
import type { ReportContext } from '../report/report-context.ts'
import type { SeriesFindings, StudyFindings } from '../report/series-findings.ts'

export interface WriteOptions {
  readonly folder: string
  readonly model: ReportContext['model']
  readonly methods: readonly HeatmapMethod[]
  readonly decoder: Decoder & JpegEncoder & RleEncoder
  /** `undefined`: the newest acquisition of the sources. */
  readonly startedAt: Date | undefined
  readonly png: boolean
  readonly extras: readonly ExtraKind[]
  readonly objects: ObjectSettings
  /** Whether the reports are also written as FHIR. */
  readonly fhir: boolean
  readonly signal: AbortSignal
  readonly onProgress: (written: number) => void
}

/** A result file on disk. */
export interface WrittenResult {
  readonly kind: Deliverable['kind']
  readonly path: string
  readonly bytes: number
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

/** Writes all result objects of a study, in the order in which a PACS should get them. */
export async function writeResults (study: StudyFindings, options: WriteOptions): Promise<WrittenResult[]> {
  const slices = study.series.flatMap(series => series.slices.map(({ slice }) => slice))
  if (slices.length === 0) return []
  const { methods, startedAt } = options
  const offset = slices[0]!.source.attributes.string('TimezoneOffsetFromUTC')
  const context: ReportContext = {
    software: softwareIdentity(),
    model: options.model,
    ...(startedAt === undefined ? newestAcquisition(slices) : momentIn(startedAt, offset)),
    instanceCreation: false,
    srSopClass: '88.34',
    scModality: 'MR',
    gradCam: methods.includes('grad-cam'),
    saliency: methods.includes('saliency'),
    evidence: methods.includes('evidence'),
    objects: options.objects,
  }
  await mkdir(options.folder, { recursive: true })
  const written: WrittenResult[] = []
  const reports: Attributes[] = []
  const { decoder, extras } = options
  for await (const deliverable of buildDeliverables(study, context, {
    displayOf: displaysOf(decoder),
    encodeJpeg: async (image, quality) => await decoder.encodeJpeg(image, quality),
    encodeRle: async image => await decoder.encodeRle(image),
    extras,
  })) {
    if (options.signal.aborted) throw new AppError('interrupted', 'stopped while writing')
    const { kind, bytes, sopClassUid, sopInstanceUid, picture, document } = deliverable
    const path = join(options.folder, nameOf(deliverable, study.series))
    await writeFile(`${path}.dcm`, bytes)
    if (options.png && picture !== undefined) await writeFile(`${path}.png`, encodePng(picture))
    if (kind === 'sr') reports.push(readInstance(bytes).attributes)
    if (document !== undefined) await writeFile(`${path}.pdf`, document)
    written.push({ kind, path: `${path}.dcm`, bytes: bytes.length, sopClassUid, sopInstanceUid })
    options.onProgress(written.length)
  }
  if (options.fhir) await writeFile(join(options.folder, 'fhir.json'), `${JSON.stringify(fhirBundle(reports, study.conclusion), null, 2)}\n`)
  return written
}

/** `summary`, `report` (the PDF), `study-report` (of all series), `1-flair-report`, `1-flair-grad-cam-014`: never anything of the patient. */
function nameOf ({ kind, ordinal, instanceNumber }: Deliverable, series: readonly SeriesFindings[]): string {
  if (ordinal === undefined) return kind === 'pdf' ? 'report' : kind === 'sr' ? 'study-report' : kind
  const contrast = series.find(one => one.ordinal === ordinal)!.contrast.toLowerCase()
  if (kind === 'sr') return `${ordinal}-${contrast}-report`
  return `${ordinal}-${contrast}-${kind}-${String(instanceNumber).padStart(3, '0')}`
}
