import type { Dataset } from '../dicom/dataset.ts'
import type { VoiChoice } from '../imaging/preprocessing.ts'
import type { Conclusion } from '../model/finding.ts'
import type { SeriesRule } from '../model/manifest.ts'
import { codes } from './codes.ts'
import type { Code } from './codes.ts'
import { deviceUid } from './common-modules.ts'
import { code, container, image, num, rootContainer, scoord, text, uidRef } from './content-items.ts'
import { heatmapPeak } from './heatmap-peak.ts'
import type { ReportContext } from './report-context.ts'
import { explanations, sliceLabel, sourceReference } from './result-series.ts'
import type { ResultSeries } from './result-series.ts'
import { trackingUid } from './result-uids.ts'
import { byProbability, commentSentences, conclusionSentence, summarySentence } from './sentences.ts'
import type { SeriesFindings, SliceResult, StudyFindings } from './series-findings.ts'
import type { StoredMap } from './stored-maps.ts'

/** A series in a report. */
export interface ReportPart {
  readonly series: SeriesFindings
  readonly results: ResultSeries
  /** What is written beside the report. */
  readonly maps: ReadonlyMap<SliceResult, readonly StoredMap[]>
}

/** What one report is about: one series of a study, or all of them. */
export interface ReportSubject {
  readonly study: StudyFindings
  /** Of the whole of `parts`. */
  readonly conclusion: Conclusion
  readonly parts: readonly ReportPart[]
  readonly context: ReportContext
}

const presence: Record<Conclusion, Code> = { present: codes.present, absent: codes.absent, undetermined: codes.undetermined }

/** The content tree of TID 1500 "Measurement Report" (PS3.16); the answer comes first. */
export function measurementReport (subject: ReportSubject): Dataset {
  return rootContainer(codes.imagingMeasurementReport, [
    code('HAS CONCEPT MOD', codes.language, codes.english),
    ...observerContext(subject.context),
    code('HAS CONCEPT MOD', codes.procedureReported, codes.mriUnspecifiedBodyRegion),
    qualitativeEvaluations(subject),
    imagingMeasurements(subject),
    imageLibrary(subject),
  ], '1500')
}

/** TID 1004 "Device Observer Identifying Attributes". */
export function observerContext (context: ReportContext): Dataset[] {
  return [
    code('HAS OBS CONTEXT', codes.observerType, codes.device),
    uidRef('HAS OBS CONTEXT', codes.deviceObserverUid, deviceUid(context)),
    text('HAS OBS CONTEXT', codes.deviceObserverName, context.software.modelName),
    text('HAS OBS CONTEXT', codes.deviceObserverManufacturer, context.software.manufacturer),
    text('HAS OBS CONTEXT', codes.deviceObserverModelName, context.model.manifest.name),
  ]
}

function qualitativeEvaluations ({ study, conclusion, parts, context }: ReportSubject): Dataset {
  const series = parts.map(part => part.series)
  return container('CONTAINS', codes.qualitativeEvaluations, [
    code('CONTAINS', codes.tuber, presence[conclusion]),
    text('CONTAINS', codes.conclusion, conclusionSentence(study, context)),
    ...series.map(one => text('CONTAINS', codes.summary, summarySentence(one, context))),
    ...commentSentences(study, series).map(sentence => text('CONTAINS', codes.comment, sentence)),
  ])
}

/** TID 4019 and one group of TID 1501 per slice: by falling probability, then those without one, in source order. */
function imagingMeasurements ({ parts, context }: ReportSubject): Dataset {
  const classified = byProbability(parts.map(({ series }) => series)).map(({ result }) => result)
  const others = parts.flatMap(({ series }) => series.slices).filter(({ finding }) => finding.kind !== 'classified')
  const partOf = new Map(parts.flatMap(part => part.series.slices.map(result => [result, part] as const)))
  return container('CONTAINS', codes.imagingMeasurements, [
    ...algorithm(context),
    ...[...classified, ...others].map(result => measurementGroup(result, partOf.get(result)!, context)),
  ])
}

/** TID 4019 "Algorithm Identification". */
function algorithm ({ model, software, gradCam, saliency, evidence }: ReportContext): Dataset[] {
  const { manifest } = model
  const { preprocessing } = manifest
  const maps = [
    ...(gradCam ? [`gradcam:${manifest.gradCamLayer}`] : []),
    ...(saliency ? ['saliency:input-gradient'] : []),
    ...(evidence ? [`evidence:${manifest.evidenceLayer ?? 'none'}`] : []),
  ]
  const parameters = [
    `decision_threshold=${manifest.output.threshold}`,
    `series_rule=${choiceText(manifest.seriesRule)}`,
    `model_sha256=${model.sha256}`,
    `input=${preprocessing.width}x${preprocessing.height}x3;window=${choiceText(preprocessing.voi)};fit=${preprocessing.fit};resize=${preprocessing.resample};channels=${preprocessing.channels}`,
    `xai=${maps.length === 0 ? 'none' : maps.join(';')}`,
    `engine=${model.engine}`,
    `plugin=${software.version}`,
  ]
  return [
    text('HAS CONCEPT MOD', codes.algorithmName, manifest.name),
    text('HAS CONCEPT MOD', codes.algorithmVersion, manifest.version),
    ...parameters.map(parameter => text('HAS CONCEPT MOD', codes.algorithmParameters, parameter)),
    code('HAS CONCEPT MOD', codes.algorithmFamily, codes.artificialIntelligence),
  ]
}

/** A choice of the manifest with its values: `count,positive:2,consecutive:2`. */
function choiceText (choice: SeriesRule | VoiChoice): string {
  const named = Object.entries(choice) as [string, string | number][]
  return named.map(([name, value]) => name === 'kind' || name === 'from' ? value : `${name}:${value}`).join(',')
}

/** TID 1501 "Measurement and Qualitative Evaluation Group" of one slice. */
function measurementGroup (result: SliceResult, { results, maps }: ReportPart, context: ReportContext): Dataset {
  const { slice, finding } = result
  const source = sourceReference(slice)
  const positive = finding.kind === 'classified' && finding.probability >= context.model.manifest.output.threshold
  return container('CONTAINS', codes.measurementGroup, [
    text('HAS OBS CONTEXT', codes.trackingIdentifier, sliceLabel(slice, results)),
    uidRef('HAS OBS CONTEXT', codes.trackingUniqueIdentifier, trackingUid(slice, context)),
    ...(positive
      ? [code('CONTAINS', codes.findingCategory, codes.morphologicallyAbnormalStructure), code('CONTAINS', codes.finding, codes.tuber)]
      : []),
    num('CONTAINS', codes.probability, measured(result), [image('INFERRED FROM', codes.sourceOfMeasurement, source)]),
    ...region(result, positive),
    ...(finding.kind === 'classified' ? [] : [text('CONTAINS', codes.comment, finding.reason.text)]),
    image('CONTAINS', codes.sourceOfMeasurement, source),
    ...(maps.get(result) ?? []).map(map => image('CONTAINS', explanations[map.method].code, map)),
    code('CONTAINS', codes.tuber, finding.kind !== 'classified' ? codes.undetermined : positive ? codes.present : codes.absent),
  ], '1501')
}

/** Percent: viewers that hide the unit 1 print "0.93 1". At least 0.01: some print nothing for 0. */
function measured ({ finding }: SliceResult): Parameters<typeof num>[2] {
  if (finding.kind !== 'classified') return { qualifier: codes.measurementFailure }
  const percent = finding.probability * 100
  return { decimal: Math.max(0.01, percent).toFixed(2), exact: percent, unit: codes.percent }
}

/** Viewers need coordinates in every group: an arrow at the Grad-CAM maximum of a positive slice, else the whole slice. */
function region (result: SliceResult, positive: boolean): Dataset[] {
  const { slice, finding, toSource } = result
  const { columns, rows } = slice.pixel
  const source = sourceReference(slice)
  const gradCam = finding.kind === 'classified' ? finding.heatmaps.find(({ method }) => method === 'grad-cam') : undefined
  const mapped = positive && gradCam !== undefined && toSource !== undefined
  const peak = mapped ? heatmapPeak(gradCam, toSource, columns, rows) : undefined
  if (peak !== undefined) {
    return [
      scoord('CONTAINS', codes.sourceOfMeasurement, { type: 'POINT', ...peak }, source),
      text('CONTAINS', codes.comment, 'Arrow: Grad-CAM maximum, not a lesion outline'),
    ]
  }
  const outline = [[0, 0], [columns, 0], [columns, rows], [0, rows], [0, 0]] as const
  return [scoord('CONTAINS', codes.sourceOfMeasurement, { type: 'POLYLINE', points: outline }, source)]
}

/** TID 1600 "Image Library": a group a series. */
function imageLibrary ({ parts }: ReportSubject): Dataset {
  return container('CONTAINS', codes.imageLibrary, parts.map(({ series }) => {
    const frameOfReference = series.slices.map(({ slice }) => slice.frameOfReferenceUid).find(uid => uid !== undefined)
    return container('CONTAINS', codes.imageLibraryGroup, [
      code('HAS ACQ CONTEXT', codes.modality, codes.magneticResonance),
      code('HAS ACQ CONTEXT', codes.targetRegion, codes.head),
      ...(frameOfReference === undefined ? [] : [uidRef('HAS ACQ CONTEXT', codes.frameOfReferenceUid, frameOfReference)]),
      ...series.slices.map(({ slice }) => image('CONTAINS', codes.source, sourceReference(slice))),
    ])
  }), '1600')
}
