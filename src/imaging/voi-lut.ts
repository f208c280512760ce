import type { Voi } from '../dicom/slice.ts'
import { lookUp } from './rescale.ts'

/** A VOI that can be computed; `flat` is what an image without contrast gets: all black. */
export type ResolvedVoi = Voi | { readonly kind: 'flat' }

/**
 * Whether the header's window is defined: LINEAR needs WindowWidth ≥ 1 (PS3.3 C.11.2.1.2.1), LINEAR_EXACT and SIGMOID > 0
 * (C.11.2.1.3); a table needs entries.
 */
export function isUsable (voi: Voi): boolean {
  if (voi.kind === 'table') return voi.lut.entries.length > 0 && voi.lut.bits >= 1
  if (!Number.isFinite(voi.center) || !Number.isFinite(voi.width)) return false
  return voi.function === 'LINEAR' ? voi.width >= 1 : voi.width > 0
}

/** Modality values → 0..1, in place of y_min..y_max of the standard. */
export function applyVoi (values: Float32Array, voi: ResolvedVoi): Float32Array {
  const output = new Float32Array(values.length)
  if (voi.kind === 'flat') return output
  if (voi.kind === 'table') {
    // PS3.3 C.11.2.1.1: the output range is 0 … 2^bits − 1
    const white = 2 ** voi.lut.bits - 1
    for (let i = 0; i < values.length; i++) output[i] = Math.min(lookUp(voi.lut, values[i]!) / white, 1)
    return output
  }
  const { center, width } = voi
  // a loop for each, so that each is compiled into its loop
  if (voi.function === 'LINEAR') for (let i = 0; i < values.length; i++) output[i] = linear(values[i]!, center, width)
  else if (voi.function === 'LINEAR_EXACT') for (let i = 0; i < values.length; i++) output[i] = linearExact(values[i]!, center, width)
  else for (let i = 0; i < values.length; i++) output[i] = sigmoid(values[i]!, center, width)
  return output
}

/**
 * PS3.3 C.11.2.1.2.1, y_min = 0, y_max = 1:
 * x ≤ c − 0.5 − (w − 1)/2 → 0; x > c − 0.5 + (w − 1)/2 → 1; else (x − (c − 0.5)) / (w − 1) + 0.5.
 */
export function linear (x: number, center: number, width: number): number {
  if (x <= center - 0.5 - (width - 1) / 2) return 0
  if (x > center - 0.5 + (width - 1) / 2) return 1
  return (x - (center - 0.5)) / (width - 1) + 0.5
}

/** PS3.3 C.11.2.1.3.2: x ≤ c − w/2 → 0; x > c + w/2 → 1; else (x − c) / w + 0.5. */
export function linearExact (x: number, center: number, width: number): number {
  if (x <= center - width / 2) return 0
  if (x > center + width / 2) return 1
  return (x - center) / width + 0.5
}

/** PS3.3 C.11.2.1.3.1: 1 / (1 + exp(−4 (x − c) / w)). */
export function sigmoid (x: number, center: number, width: number): number {
  return 1 / (1 + Math.exp(-4 * (x - center) / width))
}
