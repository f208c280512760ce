import type { Series } from '../dicom/series.ts'

/** The series of each study, studies in the order of their first series. */
export function groupByStudy (series: readonly Series[]): Series[][] {
  const studies = new Map<string, Series[]>()
  for (const one of series) {
    const study = studies.get(one.studyInstanceUid)
    if (study === undefined) studies.set(one.studyInstanceUid, [one])
    else study.push(one)
  }
  return [...studies.values()]
}
