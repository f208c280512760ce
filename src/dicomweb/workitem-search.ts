import { tagOf, tagText, vrOf } from '../dicom/dictionary.ts'
import type { JsonDataset } from './json-model.ts'
import type { QueryAttribute, QueryMatch } from './query.ts'
import { matchesWildcard } from './wildcard.ts'

/** What a search of workitems may match (PS3.4 Table CC.2.5-3). */
const keywords = ['AccessionNumber', 'AdmissionID', 'InputReadinessState', 'PatientID', 'PatientName', 'ProcedureStepLabel',
  'ProcedureStepState', 'ScheduledProcedureStepPriority', 'ScheduledProcedureStepStartDateTime', 'SOPClassUID', 'SOPInstanceUID',
  'StudyInstanceUID', 'WorklistLabel'] as const

export const workitemAttributes: readonly QueryAttribute[] = keywords.map(keyword => {
  const tag = tagOf(keyword)!
  return { keyword, tag: tagText(tag).toUpperCase(), vr: vrOf(tag) ?? 'UN' }
})

const tagByKeyword = new Map(workitemAttributes.map(({ keyword, tag }) => [keyword, tag]))

/** Whether a workitem satisfies every rule of a search (PS3.4 C.2.2.2). */
export function matchesWorkitem (dataset: JsonDataset, matches: readonly QueryMatch[]): boolean {
  return matches.every(match => {
    const element = dataset[tagByKeyword.get(match.keyword) ?? '']
    return (element?.Value ?? []).some(value => matchesValue(textOf(value), match, element?.vr))
  })
}

function matchesValue (text: string, match: QueryMatch, vr: string | undefined): boolean {
  if (match.kind === 'wildcard') return matchesWildcard(text, match.pattern)
  if (match.kind === 'range') return inRange(text, match.from, match.to)
  return match.values.some(value => vr === 'DT' ? inDateTimes(text, value) : value === text)
}

/** PS3.4 C.2.2.2.5.3: one moment, or two joined by `-`; as precise as they are written, in UTC. */
function inDateTimes (text: string, wanted: string): boolean {
  const [from = '', to] = wanted.split('-')
  if (to === undefined) return digits(text).startsWith(digits(from))
  return inRange(digits(text), digits(from) || undefined, digits(to) || undefined)
}

function inRange (text: string, from: string | undefined, to: string | undefined): boolean {
  return (from === undefined || text >= from) && (to === undefined || text.slice(0, to.length) <= to)
}

function digits (text: string): string { return /^\d*/.exec(text)![0] }

function textOf (value: unknown): string {
  if (typeof value === 'object' && value !== null && 'Alphabetic' in value) return String(value.Alphabetic)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
