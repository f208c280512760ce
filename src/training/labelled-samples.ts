import { AppError } from '../errors.ts'
import type { LabelledFile } from './labelled-set.ts'
import type { LabelledSlicesOptions } from './labelled-slices.ts'
import { labelledSlices } from './labelled-slices.ts'

/** A labelled slice kept for training: 100 kB, so that some thousands fit into memory. */
export interface LabelledSample {
  readonly label: 0 | 1
  readonly patient: string
  /** the windowed raster, 0..1 as 0..65535 */
  readonly picture: Uint16Array
  /** share of tuber, 0..1 as 0..255; absent where none is known */
  readonly mask?: Uint8Array
}

export interface LabelledSamples {
  readonly samples: readonly LabelledSample[]
  /** why slices were left out, and how many for each reason */
  readonly leftOut: ReadonlyMap<string, number>
}

export const full = 65535

/**
 * Reads all slices of a labelled set as `evaluate` does: DICOM files and series, NIfTI volumes, pictures. Left out is what
 * cannot be read or shows no picture, and the slices of a series of which only the series is known to have tubers.
 * @throws AppError `training-data-invalid` where nothing is left, `interrupted`
 */
export async function readSamples (rows: readonly LabelledFile[], options: LabelledSlicesOptions): Promise<LabelledSamples> {
  const [black, white] = options.preprocessing.range
  const samples: LabelledSample[] = []
  const leftOut = new Map<string, number>()
  const leave = (reason: string): void => { leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1) }
  for await (const item of labelledSlices(rows, options)) {
    if ('outcome' in item) leave(item.reason.text)
    else if (item.label === 1 && item.ofSeries === true) leave('which slices of the series have tubers is not known')
    else {
      const { data, channels } = item.raster
      const picture = new Uint16Array(data.length / channels)
      for (let i = 0; i < picture.length; i++) picture[i] = Math.round(full * (data[i * channels]! - black) / (white - black))
      const mask = item.mask === undefined ? {} : { mask: Uint8Array.from(item.mask, value => Math.round(255 * value)) }
      samples.push({ label: item.label, patient: item.patient, picture, ...mask })
    }
  }
  if (samples.length === 0) {
    const [reason = 'it lists none'] = leftOut.keys()
    throw new AppError('training-data-invalid', `no slice of the labelled set can be used: ${reason}`)
  }
  return { samples, leftOut }
}
