import type { Evidence } from './evidence.ts'

/** Every answer of the selection; programs may rely on these words. */
export const selectionReasonCodes = [
  'selected',
  // the object
  'own-result',
  'not-mr',
  'sop-class',
  'no-pixel-data',
  'photometric-interpretation',
  'bit-depth',
  'unreadable',
  // what ImageType, or another attribute, calls it
  'localizer',
  'projection',
  'reformat',
  'parametric-map',
  'phase-map',
  'mosaic',
  'susceptibility',
  'subtraction',
  'perfusion',
  'diffusion',
  'body-part',
  // where it lies
  'orientation-missing',
  'not-axial',
  // what it shows
  'echo-planar',
  'gradient-echo',
  't2-star',
  'steady-state',
  'angiography',
  'stir',
  'double-inversion',
  't1',
  'proton-density',
  'hydrography',
  'spectroscopy',
  'contrast-unclear',
  // what the caller wanted
  'contrast-not-wanted',
  'three-dimensional',
] as const

export type SelectionReasonCode = typeof selectionReasonCodes[number]

/** Why a frame or a series was taken or left: a code for programs, a short sentence for people. */
export interface SelectionReason { readonly code: SelectionReasonCode, readonly text: string }

/** A frame that is left out, and why. */
export interface Rejection { readonly reason: SelectionReason, readonly evidence: readonly Evidence[] }

/** A rejection in one line. */
export function rejection (code: SelectionReasonCode, text: string, ...evidence: readonly Evidence[]): Rejection {
  return { reason: { code, text }, evidence }
}
