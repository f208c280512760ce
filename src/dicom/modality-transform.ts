import type { Attributes } from './attributes.ts'
import { lookUpTable } from './look-up-table.ts'
import type { ModalityTransform } from './slice.ts'

/**
 * Modality LUT (PS3.3 C.11.1), for enhanced images the Pixel Value Transformation macro (C.7.6.16.2.9). Without either
 * the stored values stand.
 */
export function modalityTransform (attributes: Attributes, warn: (text: string) => void): ModalityTransform {
  const item = attributes.items('ModalityLUTSequence')[0]
  const lut = item === undefined ? undefined : lookUpTable(item)
  if (lut !== undefined) return { kind: 'table', lut }
  if (item !== undefined) warn('ModalityLUTSequence is invalid')
  const slope = attributes.number('RescaleSlope')
  const intercept = attributes.number('RescaleIntercept')
  if (slope === 0) warn('RescaleSlope is 0')
  if ((slope === undefined) !== (intercept === undefined)) warn('RescaleSlope and RescaleIntercept are not both present')
  return { kind: 'linear', slope: slope === undefined || slope === 0 ? 1 : slope, intercept: intercept ?? 0 }
}
