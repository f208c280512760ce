import type { Slice } from '../dicom/slice.ts'
import { evidence } from './evidence.ts'
import type { Rejection } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'

/**
 * Diffusion, judged over the whole series: one b-value above 0 (DiffusionBValue 0018,9087, the enhanced MR Diffusion Sequence, or the
 * vendors' private ones) or one DiffusionDirectionality (0018,9075) other than NONE makes all of it diffusion, its b = 0 images too.
 * b = 0 alone proves nothing.
 */
export function diffusionRejection (slices: readonly Slice[]): Rejection | undefined {
  const bValue = slices.flatMap(slice => slice.acquisition.diffusionBValues).reduce((a, b) => Math.max(a, b), 0)
  if (bValue > 0) {
    return rejection('diffusion', `a diffusion series, b up to ${Number(bValue.toFixed(0))} s/mm²`,
      evidence('DiffusionBValue', bValue, 'one b-value above 0 makes the whole series diffusion'))
  }
  const direction = slices.map(slice => slice.acquisition.diffusionDirectionality)
    .find(value => value !== undefined && value !== '' && value !== 'NONE')
  if (direction !== undefined) {
    return rejection('diffusion', 'a diffusion series',
      evidence('DiffusionDirectionality', direction, 'other than NONE makes the whole series diffusion'))
  }
  return undefined
}
