import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { entriesOf, niftiStem } from './folder.ts'
import { readNiftiFile } from './nifti.ts'
import { tissue, toTissues } from './tissues.ts'
import type { AxialVolume } from './volume.ts'
import { toAxial } from './volume.ts'

/** One head as tissue codes at 1 mm, cut to the slices that hold brain. */
export interface TissueVolume {
  /** the file's name without its endings: what patient-wise splits go by */
  readonly patient: string
  readonly size: readonly [number, number, number]
  readonly codes: Uint8Array
  /** column and row of the brain's centre */
  readonly centre: readonly [number, number]
  /** first and last slice with brain */
  readonly brain: readonly [number, number]
  /** first and last slice with enough cerebral white matter for tubers */
  readonly cerebrum: readonly [number, number]
}

/** Slices kept beyond the brain at both ends, for slabs and tilts. */
const margin = 24
/** Voxels of cerebral white matter that a slice with tubers has. */
const leastWhiteMatter = 1200

/** Reads every label map of a folder, in the order of the names. @throws AppError `training-data-invalid` where there is none */
export async function readLabelMaps (folder: string, wanted?: (patient: string) => boolean): Promise<TissueVolume[]> {
  const names = (await entriesOf(folder, 'label maps')).map(entry => entry.name).filter(name => niftiStem(name) !== undefined)
  if (names.length === 0) throw new AppError('training-data-invalid', 'the folder of label maps holds no NIfTI file')
  const out: TissueVolume[] = []
  for (const name of names) {
    const patient = niftiStem(name) ?? name
    if (wanted !== undefined && !wanted(patient)) continue
    out.push(toTissueVolume(patient, toAxial(await readNiftiFile(join(folder, name)))))
  }
  return out
}

/** Codes a label volume and finds the brain in it. @throws AppError `training-data-invalid` */
export function toTissueVolume (patient: string, labels: AxialVolume): TissueVolume {
  if (labels.spacing.some(step => Math.abs(step - 1) > 0.05)) {
    throw new AppError('training-data-invalid', 'a label map is not at 1 mm', { spacing: labels.spacing.join('×') })
  }
  const codes = toTissues(labels)
  const [nx, ny, nz] = labels.size
  const area = new Float64Array(nz)
  const white = new Float64Array(nz)
  let sumX = 0
  let sumY = 0
  let count = 0
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const code = codes[i]!
        if (code === 0 || code >= tissue.vessel || code === tissue.csf) continue
        area[z] = area[z]! + 1
        if (code === tissue.whiteMatter) white[z] = white[z]! + 1
        sumX += x
        sumY += y
        count++
      }
    }
  }
  const brain = range(area, 500)
  const cerebrum = range(white, leastWhiteMatter)
  if (brain === undefined || cerebrum === undefined) {
    throw new AppError('training-data-invalid', 'a label map holds no cerebral white matter', { map: patient })
  }
  const first = Math.max(0, brain[0] - margin)
  const last = Math.min(nz - 1, brain[1] + margin)
  return {
    patient,
    size: [nx, ny, last - first + 1],
    codes: codes.slice(first * nx * ny, (last + 1) * nx * ny),
    centre: [sumX / count, sumY / count],
    brain: [brain[0] - first, brain[1] - first],
    cerebrum: [Math.min(cerebrum[0] + 6, cerebrum[1]) - first, Math.max(cerebrum[1] - 3, cerebrum[0]) - first],
  }
}

function range (values: Float64Array, least: number): [number, number] | undefined {
  const first = values.findIndex(value => value > least)
  return first < 0 ? undefined : [first, values.findLastIndex(value => value > least)]
}
