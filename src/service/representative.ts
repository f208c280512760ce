import type { StoredInstance } from '../archive/archive.ts'

/**
 * The image that stands for several: the middle one, by InstanceNumber, of the series with most images, inputs before
 * results. `undefined` when none is an image.
 */
export function representative (instances: readonly StoredInstance[]): StoredInstance | undefined {
  const images = instances.filter(({ frameCount }) => frameCount > 0)
  const inputs = images.filter(({ kind }) => kind === 'input')
  const series = new Map<string, StoredInstance[]>()
  for (const image of inputs.length > 0 ? inputs : images) {
    const others = series.get(image.seriesInstanceUid)
    if (others === undefined) series.set(image.seriesInstanceUid, [image])
    else others.push(image)
  }
  const [largest = []] = [...series.values()].sort((a, b) => b.length - a.length)
  const ordered = [...largest].sort((a, b) => place(a) - place(b))
  return ordered[Math.floor((ordered.length - 1) / 2)]
}

/** Images without a number come last. */
function place ({ instanceNumber }: StoredInstance): number {
  return instanceNumber ?? Number.MAX_SAFE_INTEGER
}
