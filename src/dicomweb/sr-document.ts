import type { Attributes } from '../dicom/attributes.ts'
import { sopClass, storageUid } from '../dicom/sop-classes.ts'

/** One content item as people read it (PS3.3 C.17.3). */
export interface DocumentItem {
  /** Meaning of the concept name; '' without one. */
  readonly concept: string
  /** `undefined` for a container. Lines are parted by LF. */
  readonly value: string | undefined
  readonly children: readonly DocumentItem[]
}

/** A Structured Report as people read it; plain text throughout, nothing escaped. */
export interface SrDocument {
  readonly title: string
  /** RFC 5646, where the report says. */
  readonly language: string | undefined
  /** Of the patient, the study and the report, those that have a value. */
  readonly heading: readonly (readonly [label: string, value: string])[]
  readonly items: readonly DocumentItem[]
}

/** Whether a SOP class is a document of content items: Structured Reports and Key Object Selection. */
export function isSrClass (sopClassUid: string): boolean {
  return sopClassUid.startsWith(storageUid('88.'))
}

/** The document of a data set that `isSrClass` says is one. */
export function srDocument (attributes: Attributes): SrDocument {
  const items = children(attributes)
  return {
    title: conceptOf(attributes) || 'Structured Report',
    language: languageOf(attributes),
    heading: heading(attributes).filter((line): line is [string, string] => line[1] !== undefined && line[1] !== ''),
    items,
  }
}

function heading (attributes: Attributes): [string, string | undefined][] {
  const text = (name: string): string | undefined => attributes.string(name)
  const instant = (date: string, time: string): string => [readableDate(text(date)), readableTime(text(time))].filter(part => part !== '').join(' ')
  return [
    ['Patient', readableName(text('PatientName'))],
    ['Patient ID', text('PatientID')],
    ['Birth date', readableDate(text('PatientBirthDate'))],
    ['Sex', text('PatientSex')],
    ['Study', text('StudyDescription')],
    ['Study date', instant('StudyDate', 'StudyTime')],
    ['Accession number', text('AccessionNumber')],
    ['Series', text('SeriesDescription')],
    ['Report date', instant('ContentDate', 'ContentTime')],
    ['Made by', [text('Manufacturer'), text('ManufacturerModelName')].filter(part => part !== undefined).join(' ')],
    ['Completion', text('CompletionFlag')],
    ['Verification', text('VerificationFlag')],
  ]
}

function children (attributes: Attributes): DocumentItem[] {
  return attributes.items('ContentSequence').map(item => ({ concept: conceptOf(item), value: valueOf(item), children: children(item) }))
}

function conceptOf (item: Attributes): string {
  return meaning(item.items('ConceptNameCodeSequence')[0])
}

function meaning (code: Attributes | undefined): string {
  return code?.string('CodeMeaning') ?? code?.string('CodeValue') ?? ''
}

/** The value by Value Type (PS3.3 C.17.3.2.1). */
function valueOf (item: Attributes): string | undefined {
  const type = item.string('ValueType')
  switch (type) {
    case 'CONTAINER': return undefined
    case 'TEXT': return (item.string('TextValue') ?? '').replace(/\r\n?/g, '\n')
    case 'CODE': return meaning(item.items('ConceptCodeSequence')[0])
    case 'NUM': return measured(item)
    case 'PNAME': return readableName(item.string('PersonName'))
    case 'DATE': return readableDate(item.string('Date'))
    case 'TIME': return readableTime(item.string('Time'))
    case 'DATETIME': return readableDateTime(item.string('DateTime'))
    case 'UIDREF': return item.string('UID') ?? ''
    case 'IMAGE': case 'COMPOSITE': case 'WAVEFORM': return referenced(item)
    case 'SCOORD': case 'SCOORD3D': return coordinates(item)
    case 'TCOORD': return item.string('TemporalRangeType') ?? ''
    // an item by reference has no value type (PS3.3 C.17.3.2.5)
    case undefined: return `see item ${item.numbers('ReferencedContentItemIdentifier').join('.')}`
    default: return type
  }
}

function measured (item: Attributes): string {
  const [value] = item.items('MeasuredValueSequence')
  if (value === undefined) return meaning(item.items('NumericValueQualifierCodeSequence')[0]) || 'no value'
  const unit = value.items('MeasurementUnitsCodeSequence')[0]?.string('CodeValue') ?? ''
  // UCUM: 1 is no unit, and what stands in braces is a remark
  return [value.string('NumericValue') ?? '', unit === '1' || unit.startsWith('{') ? '' : unit].join(' ').trim()
}

function referenced (item: Attributes): string {
  return item.items('ReferencedSOPSequence').map(reference => {
    const uid = reference.string('ReferencedSOPClassUID') ?? ''
    const frames = reference.strings('ReferencedFrameNumber')
    return [
      sopClass(uid)?.name ?? uid,
      reference.string('ReferencedSOPInstanceUID') ?? '',
      frames.length === 0 ? '' : `frame ${frames.join(', ')}`,
    ].filter(part => part !== '').join(', ')
  }).join('\n')
}

function coordinates (item: Attributes): string {
  const numbers = item.numbers('GraphicData')
  const size = item.string('ValueType') === 'SCOORD3D' ? 3 : 2
  const points = Array.from({ length: Math.floor(numbers.length / size) }, (_, i) => `(${numbers.slice(i * size, (i + 1) * size).join(', ')})`)
  const shown = points.length > 8 ? [...points.slice(0, 8), `and ${points.length - 8} more`] : points
  return [item.string('GraphicType') ?? '', ...shown].join(' ').trim()
}

/** `Family^Given^Middle^Prefix^Suffix` (PS3.5 6.2.1.1) → `Family, Prefix Given Middle Suffix`. */
function readableName (name: string | undefined): string {
  const [family = '', given, middle, prefix, suffix] = (name ?? '').split('^').map(part => part.trim())
  const rest = [prefix, given, middle, suffix].filter(part => part !== undefined && part !== '').join(' ')
  return [family, rest].filter(part => part !== '').join(', ')
}

function readableDate (date: string | undefined): string {
  return (date ?? '').replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')
}

function readableTime (time: string | undefined): string {
  return (time ?? '').replace(/^(\d{2})(\d{2})(\d{2})?(\.\d+)?$/, (_all, hour: string, minute: string, second: string | undefined) =>
    [hour, minute, ...(second === undefined ? [] : [second])].join(':'))
}

function readableDateTime (text = ''): string {
  const [, date, time = '', zone = ''] = /^(\d{8})(\d{4,6})?(?:\.\d+)?([+-]\d{4})?$/.exec(text) ?? []
  return date === undefined ? text : [readableDate(date), readableTime(time), zone].filter(part => part !== '').join(' ')
}

/** "Language of Content Item and Descendants" (121049, DCM) of the root, PS3.16 TID 1204. */
function languageOf (attributes: Attributes): string | undefined {
  const item = attributes.items('ContentSequence').find(child => child.items('ConceptNameCodeSequence')[0]?.string('CodeValue') === '121049')
  const tag = item?.items('ConceptCodeSequence')[0]?.string('CodeValue')
  return tag !== undefined && /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(tag) ? tag : undefined
}
