import type { ReportJobResult } from '../analysis/report-job.ts'
import type { Route } from '../archive/artifact-table.ts'
import type { Conclusion } from '../model/finding.ts'
import type { DestinationFilter, ObjectKind } from './destination-settings.ts'

/** What a destination wants. */
export interface Wishes {
  readonly id: string
  /** `all` by default. */
  readonly filter?: DestinationFilter
  /** Everything that is made here, and no source images, by default. */
  readonly objects?: readonly ObjectKind[]
}

const passing: Readonly<Record<DestinationFilter, readonly Conclusion[]>> = {
  all: ['present', 'undetermined', 'absent'],
  positive: ['present'],
  'positive-or-undetermined': ['present', 'undetermined'],
}

/**
 * Where the results of a report go. A study is positive when a series of it is, by the series rule of the model. Who got an
 * earlier report of the study gets this one too, whatever it says: nobody is left with a positive report that was withdrawn.
 */
export function routesOf (
  destinations: readonly Wishes[], { conclusion, series }: Omit<ReportJobResult, 'artifacts'>, gotEarlier: (id: string) => boolean,
): Route[] {
  return destinations.flatMap(({ id, filter = 'all', objects }) => {
    if (!passing[filter].includes(conclusion) && !gotEarlier(id)) return []
    const sources = objects?.includes('source') === true ? series.filter(one => passing[filter].includes(one.conclusion)) : []
    const uids = new Set(sources.map(one => one.seriesInstanceUid))
    return [{ destination: id, kinds: objects && new Set<string>(objects), sources: [...uids] }]
  })
}
