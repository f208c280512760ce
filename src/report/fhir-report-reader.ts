import type { Attributes } from '../dicom/attributes.ts'
import type { Conclusion } from '../model/finding.ts'
import { codes } from './codes.ts'
import type { Code } from './codes.ts'

/** One slice as a report of ours tells it. */
export interface ReportedSlice {
  /** `S3 I14` */
  readonly label: string
  readonly trackingUid: string
  readonly result: Conclusion
  /** Percent; `undefined` where it could not be measured. */
  readonly probability: number | undefined
  readonly comments: readonly string[]
  /** The source, then the maps. */
  readonly images: readonly ReportedImage[]
}

/** What an image is to a slice; the frame where the image has several. */
export interface ReportedImage {
  readonly purpose: Code
  readonly sopInstanceUid: string
  readonly frameNumber: number | undefined
}

/** A Structured Report of ours (TID 1500), read back. */
export interface ReportedSeries {
  readonly attributes: Attributes
  readonly result: Conclusion
  readonly conclusion: string
  readonly summary: string
  readonly comments: readonly string[]
  readonly observer: { readonly uid: string, readonly manufacturer: string, readonly name: string, readonly version: string }
  readonly parameters: readonly string[]
  /** In the order of the report: by falling probability. */
  readonly slices: readonly ReportedSlice[]
}

/** Reads what FHIR has a place for. What is not there is '' or undefined: the report was made here, but may be of another version. */
export function readReportedSeries (attributes: Attributes): ReportedSeries {
  const root = children(attributes)
  const evaluations = container(root, codes.qualitativeEvaluations)
  const measurements = container(root, codes.imagingMeasurements)
  return {
    attributes,
    result: resultOf(evaluations),
    conclusion: text(evaluations, codes.conclusion),
    // a report of several series has a summary of each
    summary: texts(evaluations, codes.summary).join(' '),
    comments: texts(evaluations, codes.comment),
    observer: {
      uid: named(root, codes.deviceObserverUid)[0]?.string('UID') ?? '',
      manufacturer: text(root, codes.deviceObserverManufacturer),
      name: text(root, codes.deviceObserverModelName),
      version: text(measurements, codes.algorithmVersion),
    },
    parameters: texts(measurements, codes.algorithmParameters),
    slices: named(measurements, codes.measurementGroup).map(group => reportedSlice(children(group))),
  }
}

function reportedSlice (group: readonly Attributes[]): ReportedSlice {
  const measured = named(group, codes.probability)[0]?.items('MeasuredValueSequence')[0]
  return {
    label: text(group, codes.trackingIdentifier),
    trackingUid: named(group, codes.trackingUniqueIdentifier)[0]?.string('UID') ?? '',
    result: resultOf(group),
    probability: measured?.number('FloatingPointValue') ?? measured?.number('NumericValue'),
    comments: texts(group, codes.comment),
    images: group.filter(item => item.string('ValueType') === 'IMAGE').flatMap(item => {
      const [reference] = item.items('ReferencedSOPSequence')
      const purpose = codeOf(item, 'ConceptNameCodeSequence')
      const sopInstanceUid = reference?.string('ReferencedSOPInstanceUID')
      return purpose === undefined || sopInstanceUid === undefined
        ? []
        : [{ purpose, sopInstanceUid, frameNumber: reference?.number('ReferencedFrameNumber') }]
    }),
  }
}

/** The private code's value; anything else is no result. */
function resultOf (items: readonly Attributes[]): Conclusion {
  const coded = named(items, codes.tuber)[0]
  const value = coded && codeOf(coded, 'ConceptCodeSequence')?.value
  return value === codes.present.value ? 'present' : value === codes.absent.value ? 'absent' : 'undetermined'
}

function children (item: Attributes): readonly Attributes[] { return item.items('ContentSequence') }

function container (items: readonly Attributes[], concept: Code): readonly Attributes[] {
  return named(items, concept).flatMap(children)
}

function named (items: readonly Attributes[], concept: Code): Attributes[] {
  return items.filter(item => {
    const code = codeOf(item, 'ConceptNameCodeSequence')
    return code?.value === concept.value && code.scheme === concept.scheme
  })
}

function texts (items: readonly Attributes[], concept: Code): string[] {
  return named(items, concept).flatMap(item => item.string('TextValue') ?? [])
}

function text (items: readonly Attributes[], concept: Code): string { return texts(items, concept)[0] ?? '' }

function codeOf (item: Attributes, sequence: string): Code | undefined {
  const [entry] = item.items(sequence)
  const [value, scheme] = [entry?.string('CodeValue'), entry?.string('CodingSchemeDesignator')]
  return value === undefined || scheme === undefined ? undefined : { value, scheme, meaning: entry?.string('CodeMeaning') ?? value }
}
