import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { ResultFile } from './results.ts'

/** A data set as dcmjs naturalizes it for OHIF: sequences are arrays whose first item also answers for the whole. */
type Natural = Readonly<Record<string, unknown>>
interface Dcmjs {
  readonly data: {
    readonly DicomMessage: { readFile: (bytes: ArrayBuffer) => { readonly dict: object } }
    readonly DicomMetaDictionary: { naturalizeDataset: (dict: object) => Natural }
  }
}
const { data } = createRequire(import.meta.url)('dcmjs') as Dcmjs

const codes = { measurements: '126010', group: '125007', library: '111028', libraryGroup: '126200', tracking: '112039', trackingUid: '112040' }

/**
 * Walks a Structured Report as OHIF 3 does when it opens one (extensions/cornerstone-dicom-sr, getSopClassHandlerModule): what it
 * dereferences without a guard has to be there, or the viewport stays empty.
 */
export function ohifComplaints (files: readonly ResultFile[]): string[] {
  return files.flatMap(({ path, kind }) => {
    try {
      const report = read(path)
      return [...measurementComplaints(report), ...libraryComplaints(report)].map(text => `${kind}: ${text}`)
    } catch (thrown) {
      return [`${kind}: ${String(thrown)}`]
    }
  })
}

function measurementComplaints (report: Natural): string[] {
  const groups = named(content(named(content(report), codes.measurements)[0]!), codes.group)
  if (groups.length === 0) return ['no measurement group']
  return groups.flatMap((group, i) => {
    const items = content(group)
    const found: string[] = []
    const graphic = items.find(item => item['ValueType'] === 'SCOORD')
    const number = items.find(item => item['ValueType'] === 'NUM')
    // the first UIDREF is taken for the tracking UID, whatever its name
    const uid = items.find(item => item['ValueType'] === 'UIDREF')
    if (named(items, codes.trackingUid)[0] !== uid || uid?.['UID'] === undefined) found.push('the first UIDREF is not the tracking UID')
    const identifier = named(items, codes.tracking)[0]?.['TextValue']
    if (typeof identifier !== 'string' || identifier.includes(':')) found.push(`tracking identifier ${String(identifier)}: would be offered as the user's own measurement`)
    if (graphic === undefined) return [...found, `group ${i + 1} has no SCOORD`]
    const reference = first(first(sequence(graphic, 'ContentSequence')), 'ReferencedSOPSequence')
    if (typeof reference['ReferencedSOPInstanceUID'] !== 'string') found.push('SCOORD of no image')
    const points = graphic['GraphicData'] as readonly number[]
    const wanted = { POINT: 2, POLYLINE: 10 }[graphic['GraphicType'] as string]
    if (points.length !== wanted) found.push(`${String(graphic['GraphicType'])} of ${points.length} numbers`)
    if (number === undefined) return [...found, 'no NUM']
    // a failed measurement has none, which is no sequence at all in DICOM JSON (PS3.18 F.2.5), the form that OHIF gets; what it reads of one must be whole
    const [measured] = sequence(number, 'MeasuredValueSequence')
    if (measured !== undefined && (Number.isNaN(Number(measured['NumericValue'])) || first(measured, 'MeasurementUnitsCodeSequence')['CodeValue'] === undefined)) {
      found.push('NUM without value or unit')
    }
    if (sequence(number, 'ContentSequence').length === 0) found.push('NUM without ContentSequence')
    return found
  })
}

/** Only the first group of the library is used, for key images. */
function libraryComplaints (report: Natural): string[] {
  const [library] = named(content(report), codes.library)
  if (library === undefined) return ['no image library']
  const [group] = named(content(library), codes.libraryGroup)
  const images = group === undefined ? [] : content(group).filter(item => sequence(item, 'ReferencedSOPSequence').length > 0)
  return images.length === 0 ? ['the first image library group is empty'] : []
}

/** What Weasis' SR reader (weasis-dicom-sr, SRReader) can show, and what its synchronisation goes by. */
export function weasisComplaints (files: readonly ResultFile[]): string[] {
  return files.flatMap(({ path, kind }) => {
    const report = read(path)
    const found = [
      ...['CompletionFlag', 'VerificationFlag'].filter(name => report[name] === undefined),
      ...['InstitutionName', 'StationName'].every(name => report[name] === undefined) ? ['neither InstitutionName nor StationName'] : [],
    ].map(text => `header: ${text}`)
    const visit = (item: Natural): void => {
      const type = item['ValueType'] as string
      if (['TCOORD', 'WAVEFORM', 'SCOORD3D', 'COMPOSITE'].includes(type)) found.push(`${type} is not shown`)
      if (type === 'IMAGE' && sequence(item, 'ReferencedSOPSequence').length !== 1) found.push('IMAGE without a link')
      // a graphic is drawn on the image that it is selected from
      if (type === 'SCOORD' && !content(item).some(child => child['RelationshipType'] === 'SELECTED FROM' && child['ValueType'] === 'IMAGE')) found.push('SCOORD of no image')
      // the unit 1 is hidden, and a probability without a unit would be a bare number
      const [measured] = type === 'NUM' ? sequence(item, 'MeasuredValueSequence') : []
      if (measured !== undefined && first(measured, 'MeasurementUnitsCodeSequence')['CodeValue'] === '1') found.push('NUM in the unit 1')
      if (type !== 'CONTAINER' && type !== 'IMAGE' && sequence(item, 'ConceptNameCodeSequence').length === 0) found.push(`${type} without a name`)
      content(item).forEach(visit)
    }
    content(report).forEach(visit)
    return found.map(text => `${kind}: ${text}`)
  })
}

function read (path: string): Natural {
  const bytes = readFileSync(path)
  const exact = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  return data.DicomMetaDictionary.naturalizeDataset(data.DicomMessage.readFile(exact).dict)
}

function sequence (item: Natural, name: string): readonly Natural[] {
  const value = item[name]
  if (value === undefined) return []
  return isList(value as Natural | readonly Natural[]) ? value as readonly Natural[] : [value as Natural]
}

function content (item: Natural): readonly Natural[] { return sequence(item, 'ContentSequence') }

function first (item: Natural | readonly Natural[] | undefined, name?: string): Natural {
  const one: Natural | undefined = isList(item) ? item[0] : item
  const found = name === undefined || one === undefined ? one : sequence(one, name)[0]
  if (found === undefined) throw new TypeError(`nothing at ${name ?? 'the first item'}`)
  return found
}

function isList (item: Natural | readonly Natural[] | undefined): item is readonly Natural[] { return Array.isArray(item) }

/** As OHIF does, without a guard: an item that has no concept name ends the walk. */
function named (items: readonly Natural[], code: string): readonly Natural[] {
  return items.filter(item => first(item, 'ConceptNameCodeSequence')['CodeValue'] === code)
}
