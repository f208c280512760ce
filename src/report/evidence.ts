import type { Dataset } from '../dicom/dataset.ts'
import { AppError } from '../errors.ts'

/** Where an instance that a report may point at lives. */
export interface Evidence {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

/**
 * Current Requested Procedure Evidence Sequence (PS3.3 C.17.2.3): every instance that the tree points at, once, by study
 * and series, in the order of `known`.
 * @throws AppError `internal` when the tree points at an instance that is not in `known`
 */
export function evidenceSequence (tree: Dataset, known: readonly Evidence[]): Dataset[] {
  const referenced = new Set<string>()
  collect(tree, referenced)
  const evidence = known.filter(({ sopInstanceUid }) => referenced.delete(sopInstanceUid))
  if (referenced.size === 0) return hierarchical(evidence)
  throw new AppError('internal', 'a report points at an instance that its evidence does not name', { instances: referenced.size })
}

/** A hierarchical SOP instance reference (PS3.3 C.17.2.1), by study and series in the order of first mention. */
export function hierarchical (instances: readonly Evidence[]): Dataset[] {
  const studies = new Map<string, Map<string, Dataset[]>>()
  for (const { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid } of instances) {
    const series = entry(studies, studyInstanceUid, () => new Map<string, Dataset[]>())
    const references = entry(series, seriesInstanceUid, () => [])
    references.push({ ReferencedSOPClassUID: sopClassUid, ReferencedSOPInstanceUID: sopInstanceUid })
  }
  return [...studies].map(([studyInstanceUid, series]) => ({
    StudyInstanceUID: studyInstanceUid,
    ReferencedSeriesSequence: [...series].map(([seriesInstanceUid, references]) =>
      ({ ReferencedSOPSequence: references, SeriesInstanceUID: seriesInstanceUid })),
  }))
}

function collect (item: Dataset, into: Set<string>): void {
  for (const reference of items(item, 'ReferencedSOPSequence')) into.add(reference['ReferencedSOPInstanceUID'] as string)
  for (const child of items(item, 'ContentSequence')) collect(child, into)
}

function items (item: Dataset, sequence: string): readonly Dataset[] {
  return (item[sequence] ?? []) as readonly Dataset[]
}

function entry<K, V> (map: Map<K, V>, key: K, make: () => V): V {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const made = make()
  map.set(key, made)
  return made
}
