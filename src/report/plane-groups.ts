import type { Dataset } from '../dicom/dataset.ts'
import type { Slice } from '../dicom/slice.ts'
import { geometry } from './secondary-capture.ts'

/** Pixel Measures, Plane Position and Plane Orientation (PS3.3 C.7.6.16.2) of the frames of one image. */
export interface PlaneGroups {
  /** What all frames have in common. */
  readonly shared: Dataset
  /** The rest, frame by frame. */
  readonly perFrame: readonly Dataset[]
  /** Whether all frames have one orientation and one pixel spacing. */
  readonly parallel: boolean
}

/** The planes of slices whose matrix is enlarged by `factor`; `undefined` where one of them has no geometry. */
export function planeGroups (slices: readonly Slice[], factor: number): PlaneGroups | undefined {
  if (slices.some(slice => slice.plane === undefined)) return undefined
  const planes = slices.map(slice => geometry(slice, factor))
  const macros = planes.map((plane): Dataset => ({
    PixelMeasuresSequence: [
      { PixelSpacing: plane['PixelSpacing']!, ...given(plane, 'SliceThickness'), ...given(plane, 'SpacingBetweenSlices') },
    ],
    PlaneOrientationSequence: [{ ImageOrientationPatient: plane['ImageOrientationPatient']! }],
  }))
  const isShared = (name: string) => new Set(macros.map(macro => JSON.stringify(macro[name]))).size === 1
  const names = Object.keys(macros[0] ?? {})
  const [common, own] = [names.filter(isShared), names.filter(name => !isShared(name))]
  const pick = (from: Dataset, some: readonly string[]) => Object.fromEntries(some.map(name => [name, from[name]!]))
  return {
    shared: pick(macros[0] ?? {}, common),
    perFrame: planes.map((plane, i) =>
      ({ PlanePositionSequence: [{ ImagePositionPatient: plane['ImagePositionPatient']! }], ...pick(macros[i]!, own) })),
    parallel: own.length === 0,
  }
}

/** Type 1C in these macros: left out where the source does not tell. */
function given (plane: Dataset, name: string): Dataset {
  const value = plane[name]
  return value === undefined || value === null ? {} : { [name]: value }
}
