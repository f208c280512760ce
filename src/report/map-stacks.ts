import type { HeatmapMethod } from '../model/finding.ts'
import { uidFromName } from '../dicom/uid.ts'
import type { Uid } from '../dicom/uid.ts'
import type { SliceResult } from './series-findings.ts'

/** Multi-frame True Color Secondary Capture. */
export const multiFrameCaptureClassUid = '1.2.840.10008.5.1.4.1.1.7.4'
export const parametricMapClassUid = '1.2.840.10008.5.1.4.1.1.30'

/** Slices whose maps are the frames of one image, in the order of the source: all of one matrix. */
export interface MapStack { readonly sopInstanceUid: Uid, readonly results: readonly SliceResult[] }

/**
 * A series has one stack, unless its slices differ in matrix.
 * @param seriesUid the series of the images; it names all that decides their bytes
 */
export function mapStacks (kind: string, method: HeatmapMethod, results: readonly SliceResult[], seriesUid: Uid): MapStack[] {
  const byMatrix = new Map<string, SliceResult[]>()
  for (const result of results) {
    const matrix = `${result.slice.pixel.columns}x${result.slice.pixel.rows}`
    const stack = byMatrix.get(matrix)
    if (stack === undefined) byMatrix.set(matrix, [result])
    else stack.push(result)
  }
  return Array.from(byMatrix, ([matrix, stack]) =>
    ({ sopInstanceUid: uidFromName(`${kind}|${method}|${seriesUid}|${matrix}`), results: stack }))
}
