import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { analyzeStudy, selectInOrder } from '../../src/analysis/analyze-study.ts'
import { buildDeliverables } from '../../src/analysis/build-deliverables.ts'
import { extraKinds } from '../../src/analysis/deliverable.ts'
import type { DeliverableKind } from '../../src/analysis/deliverable.ts'
import { displaysOf } from '../../src/analysis/displays.ts'
import { readInputs } from '../../src/analysis/read-inputs.ts'
import { momentIn, newestAcquisition } from '../../src/analysis/report-moment.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { Decoder, JpegEncoder, RleEncoder } from '../../src/imaging/decoder-pool.ts'
import type { Classifier } from '../../src/model/classifier.ts'
import type { HeatmapMethod } from '../../src/model/finding.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { defaultObjectSettings } from '../../src/report/object-settings.ts'
import type { ObjectSettings } from '../../src/report/object-settings.ts'
import { testContext } from '../helpers/report-inputs.ts'
import type { Source } from './sources.ts'

/** A result of a study, as a file. */
export interface ResultFile {
  readonly kind: DeliverableKind | 'sr-88.33' | 'sr-88.22'
  readonly path: string
  readonly sopInstanceUid: string
  readonly sha256: string
}

/** A study and everything that was made of it. */
export interface Results {
  readonly study: StudyFindings
  readonly context: ReportContext
  readonly sources: readonly string[]
  /** What a PACS gets. */
  readonly files: readonly ResultFile[]
  /** The reports again, in the other two SOP classes. */
  readonly otherReports: readonly ResultFile[]
}

export interface Tools { readonly classifier: Classifier, readonly decoder: Decoder & JpegEncoder & RleEncoder }

/** Analyses a source as the command line does, with every object that can be asked for, and writes all into a folder. */
export async function makeResults (source: Source, data: string, folder: string, tools: Tools): Promise<Results> {
  mkdirSync(folder, { recursive: true })
  const sources = source.files(data).map((bytes, i) => write(join(folder, `source-${number(i)}.dcm`), bytes))
  const methods: HeatmapMethod[] = source.large === true ? ['grad-cam'] : ['grad-cam', 'saliency', 'evidence']
  const objects = { ...defaultObjectSettings, ...source.objects }
  const { study, context } = await analyse(sources, methods, objects, tools)
  const files: ResultFile[] = []
  for await (const { kind, sopInstanceUid, bytes } of deliverables(study, context, tools)) {
    const path = write(join(folder, `result-${number(files.length)}-${kind}.dcm`), bytes)
    files.push({ kind, path, sopInstanceUid, sha256: hash(bytes) })
  }
  const reported = objects.srScope === 'study' ? [undefined] : study.series
  const otherReports = (['88.33', '88.22'] as const).flatMap(srSopClass => reported.map(series => {
    const dataset = buildStructuredReport({ study, series, context: { ...context, srSopClass } })
    const bytes = encodePart10(dataset)
    const path = write(join(folder, `report-${srSopClass}-${series?.ordinal ?? 'study'}.dcm`), bytes)
    return { kind: `sr-${srSopClass}` as const, path, sopInstanceUid: dataset['SOPInstanceUID'] as string, sha256: hash(bytes) }
  }))
  return { study, context, sources, files, otherReports }
}

/** UIDs and hashes of the results of a second run over the same files, nothing of which is kept. */
export async function makeAgain ({ sources, context }: Results, tools: Tools): Promise<string[]> {
  const methods: HeatmapMethod[] = ['grad-cam', ...(context.saliency ? ['saliency' as const] : []), ...(context.evidence ? ['evidence' as const] : [])]
  const again = await analyse(sources, methods, context.objects, tools)
  const seen: string[] = []
  for await (const { sopInstanceUid, bytes } of deliverables(again.study, again.context, tools)) seen.push(`${sopInstanceUid} ${hash(bytes)}`)
  return seen
}

async function analyse (
  paths: readonly string[], methods: readonly HeatmapMethod[], objects: ObjectSettings, { classifier, decoder }: Tools,
): Promise<{ study: StudyFindings, context: ReportContext }> {
  const { instances } = await readInputs(paths)
  const study = await analyzeStudy(selectInOrder(groupBySeries(instances)), { classifier, decoder, methods })
  const slices = study.series.flatMap(series => series.slices.map(({ slice }) => slice))
  const { manifest, sha256, engine } = classifier
  const moment = slices.length === 0 ? momentIn(new Date(0), '+0000') : newestAcquisition(slices)
  const on = (method: HeatmapMethod) => methods.includes(method)
  return {
    study,
    context: testContext({
      model: { manifest, sha256, engine }, ...moment, instanceCreation: false, objects,
      gradCam: on('grad-cam'), saliency: on('saliency'), evidence: on('evidence'),
    }),
  }
}

function deliverables (study: StudyFindings, context: ReportContext, { decoder }: Tools) {
  return buildDeliverables(study, context, {
    displayOf: displaysOf(decoder),
    encodeJpeg: async (image, quality) => await decoder.encodeJpeg(image, quality),
    encodeRle: async image => await decoder.encodeRle(image),
    extras: extraKinds,
  })
}

const number = (index: number) => String(index + 1).padStart(4, '0')
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function write (path: string, bytes: Uint8Array): string {
  writeFileSync(path, bytes)
  return path
}
