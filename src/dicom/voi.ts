import type { Attributes } from './attributes.ts'
import { lookUpTable } from './look-up-table.ts'
import type { Voi, VoiFunction } from './slice.ts'

const functions: readonly VoiFunction[] = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID']

/**
 * VOI LUT (PS3.3 C.11.2), for enhanced images the Frame VOI LUT macro (C.7.6.16.2.10): windows in their order, then
 * tables. Widths are as the header gives them, 0 and negative ones too.
 */
export function vois (attributes: Attributes, warn: (text: string) => void): readonly Voi[] {
  const centers = attributes.numbers('WindowCenter')
  const widths = attributes.numbers('WindowWidth')
  if (centers.length !== widths.length) warn('WindowCenter and WindowWidth differ in number')
  const named = attributes.string('VOILUTFunction') ?? 'LINEAR'
  const known = functions.find(name => name === named)
  if (known === undefined) warn('VOILUTFunction has a value that the standard does not define')
  const windows = centers.slice(0, widths.length).map((center, i): Voi =>
    ({ kind: 'window', center, width: widths[i] ?? 0, function: known ?? 'LINEAR' }))
  const tables = attributes.items('VOILUTSequence').flatMap((item): readonly Voi[] => {
    const lut = lookUpTable(item)
    if (lut === undefined) warn('VOILUTSequence is invalid')
    return lut === undefined ? [] : [{ kind: 'table', lut }]
  })
  return [...windows, ...tables]
}
