import { AppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { readCanvases } from './canvas.ts'
import type { EvaluationItem } from './evaluation-slice.ts'
import { implantedPairs } from './implanted-pairs.ts'
import { readLabelledSet } from './labelled-set.ts'
import { labelledSlices } from './labelled-slices.ts'
import { difficulties } from './slice-picture.ts'
import { Synthesizer } from './synthesizer.ts'
import { readLabelMaps } from './tissue-volume.ts'
import { toRaster } from './training-batch.ts'
import { readTuberFree } from './tuber-free.ts'

/** What to evaluate on; several sources are joined. */
export interface EvaluationSet {
  /** CSV of a labelled folder */
  readonly labelled?: string
  /** folders of real series without tubers */
  readonly tuberFree: readonly string[]
  readonly excluded?: readonly [number, number]
  /** folder of canvases, for the paired test */
  readonly canvases?: string
  /** folder of label maps, for synthetic slices */
  readonly labelMaps?: string
  readonly count: number
  readonly patients?: readonly string[]
  /** patients that are not read */
  readonly leftOut?: readonly string[]
  /** 0-based: every `of`-th patient of each source, beginning with `index` */
  readonly part?: { readonly index: number, readonly of: number }
  readonly difficulties: readonly string[]
  readonly repeats: number
  readonly seed: number
  readonly signal?: AbortSignal
  /** called after every row of a labelled set */
  readonly onRow?: (done: number, total: number) => void
}

/** The slices of a set, prepared as the manifest declares. @throws AppError `usage`, and what the readers throw */
export async function * evaluationSlices (set: EvaluationSet, preprocessing: Preprocessing): AsyncGenerator<EvaluationItem> {
  if (set.labelled !== undefined) yield * labelledItems(set.labelled, set, preprocessing)
  for (const folder of set.tuberFree) {
    const lesion = set.excluded === undefined ? {} : { excluded: set.excluded }
    yield * readTuberFree(folder, { preprocessing, wanted: chooser(set), ...lesion })
  }
  if (set.canvases !== undefined) {
    const canvases = await readCanvases(set.canvases, chooser(set))
    const { repeats, seed } = set
    yield * implantedPairs(canvases, { preprocessing, difficulties: set.difficulties.map(known), repeats, seed })
  }
  if (set.labelMaps !== undefined) yield * syntheticSlices(set.labelMaps, set, preprocessing)
}

/** Decides patient by patient, in the order in which they are first seen. */
function chooser ({ patients, leftOut, part }: EvaluationSet): (patient: string) => boolean {
  const seen: string[] = []
  return patient => {
    if (patients?.includes(patient) === false || leftOut?.includes(patient) === true) return false
    if (part === undefined) return true
    if (!seen.includes(patient)) seen.push(patient)
    return seen.indexOf(patient) % part.of === part.index
  }
}

async function * labelledItems (csv: string, set: EvaluationSet, preprocessing: Preprocessing): AsyncGenerator<EvaluationItem> {
  const wanted = chooser(set)
  const rows = (await readLabelledSet(csv)).filter(row => wanted(row.patient))
  const decoder = createDecoder()
  try {
    yield * labelledSlices(rows, { preprocessing, decoder, signal: set.signal, onRow: set.onRow })
  } finally {
    await decoder.close()
  }
}

async function * syntheticSlices (
  folder: string, set: EvaluationSet, preprocessing: Preprocessing,
): AsyncGenerator<EvaluationItem> {
  const labelMaps = await readLabelMaps(folder, chooser(set))
  const synthesizer = new Synthesizer({ labelMaps, canvases: [], seed: set.seed })
  for (let index = 0; index < set.count; index++) {
    const slice = synthesizer.draw(index)
    yield {
      raster: toRaster(slice, preprocessing), label: slice.label, patient: slice.patient, index,
      contrast: slice.contrast, ...slice.label === 1 ? { mask: slice.mask } : {},
    }
  }
}

function known (name: string): keyof typeof difficulties {
  if (!Object.hasOwn(difficulties, name)) throw new AppError('usage', `--difficulty names ${Object.keys(difficulties).join(', ')}; not ${name}`)
  return name as keyof typeof difficulties
}
