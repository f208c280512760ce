import type { Instance } from './instance.ts'
import type { Series } from './series.ts'
import { slicesOf } from './slices.ts'

/**
 * Sorts instances into series and gives each its slices. The order does not depend on that of the input: series by
 * SeriesNumber, then UID; instances by InstanceNumber, then SOP Instance UID. Of several instances with one SOP Instance
 * UID the one with the lowest digest stays; it carries a warning when their contents differ.
 */
export function groupBySeries (instances: readonly Instance[]): Series[] {
  const groups = new Map<string, Instance[]>()
  for (const instance of instances) {
    const key = `${instance.studyInstanceUid} ${instance.seriesInstanceUid}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [instance])
    else group.push(instance)
  }
  return [...groups.values()].map(seriesOf).sort((a, b) =>
    numberOf(a.instances[0], 'SeriesNumber') - numberOf(b.instances[0], 'SeriesNumber') ||
    compare(a.seriesInstanceUid, b.seriesInstanceUid) || compare(a.studyInstanceUid, b.studyInstanceUid))
}

function seriesOf (group: readonly Instance[]): Series {
  const instances = distinct(group).sort((a, b) =>
    numberOf(a, 'InstanceNumber') - numberOf(b, 'InstanceNumber') || compare(a.sopInstanceUid, b.sopInstanceUid))
  const { seriesInstanceUid, studyInstanceUid } = group[0] as Instance
  return { seriesInstanceUid, studyInstanceUid, instances, slices: instances.flatMap(slicesOf) }
}

function distinct (group: readonly Instance[]): Instance[] {
  const kept = new Map<string, Instance>()
  for (const instance of [...group].sort((a, b) => compare(a.digest, b.digest))) {
    const first = kept.get(instance.sopInstanceUid)
    if (first === undefined) kept.set(instance.sopInstanceUid, instance)
    else if (first.digest !== instance.digest) kept.set(instance.sopInstanceUid, withWarning(first))
  }
  return [...kept.values()]
}

function withWarning (instance: Instance): Instance {
  return { ...instance, warnings: [...instance.warnings, 'Another instance with the same SOPInstanceUID and other contents was left out'] }
}

/** Instances without the number come last. */
function numberOf (instance: Instance | undefined, name: 'SeriesNumber' | 'InstanceNumber'): number {
  return instance?.attributes.number(name) ?? Number.MAX_SAFE_INTEGER
}

function compare (a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
