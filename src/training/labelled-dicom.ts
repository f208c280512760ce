import { groupBySeries } from '../dicom/group-by-series.ts'
import type { Instance } from '../dicom/instance.ts'
import type { Slice } from '../dicom/slice.ts'
import { toAppError } from '../errors.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { implausibility } from '../imaging/plausibility.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { rasterize } from '../imaging/rasterize.ts'
import { selectSeries } from '../selection/select-series.ts'
import type { EvaluationItem, KnownSlice } from './evaluation-slice.ts'
import type { LabelledFile } from './labelled-set.ts'
import { readPicture } from './labelled-set.ts'
import { maskOnRaster } from './mask-raster.ts'

/** A DICOM file of a labelled set. */
export interface LabelledDicom {
  readonly instance: Instance
  readonly row: LabelledFile
  /** path of a picture of the stored matrix */
  readonly mask: string | undefined
}

interface Tools { readonly preprocessing: Preprocessing, readonly decoder: Decoder }

/** The slices of one patient's DICOM files, series by series as `analyze` would select them; the others with the reason why not. */
export async function * dicomItems (files: readonly LabelledDicom[], tools: Tools): AsyncGenerator<EvaluationItem> {
  const rows = new Map(files.map(file => [file.instance.sopInstanceUid, file]))
  for (const [number, series] of groupBySeries(files.map(({ instance }) => instance)).entries()) {
    const { groups, rejected } = selectSeries(series)
    const at = `series ${series.instances[0]?.attributes.number('SeriesNumber') ?? '?'} (${number + 1})`
    const several = new Set(series.slices.map(slice => rows.get(slice.source.sopInstanceUid)?.row)).size < series.slices.length
    for (const { contrast, slices } of groups) {
      for (const [index, slice] of slices.entries()) {
        const file = rows.get(slice.source.sopInstanceUid)!
        yield await sliceItem(slice, file, { ...commonOf(file, slice, at), index, contrast }, several, tools)
      }
    }
    for (const [index, { sopInstanceUid, frameNumber, reason }] of rejected.entries()) {
      const file = rows.get(sopInstanceUid)!
      const slice = series.slices.find(one => one.source.sopInstanceUid === sopInstanceUid && one.frameNumber === frameNumber)
      yield {
        ...commonOf(file, slice, at), index, contrast: 'not selected', outcome: 'not selected', reason: { code: reason.code, text: reason.text },
      }
    }
  }
}

type Common = Pick<KnownSlice, 'label' | 'patient' | 'source' | 'vendor' | 'series'>

function commonOf ({ row, instance }: LabelledDicom, slice: Slice | undefined, at: string): Common {
  const vendor = row.vendor ?? (slice?.attributes ?? instance.attributes).string('Manufacturer')?.trim()
  return {
    label: row.label,
    patient: row.patient,
    source: row.file,
    series: `${row.patient}/${row.series ?? at}`,
    ...vendor === undefined || vendor === '' ? {} : { vendor },
  }
}

/** @param several the row stands for more slices than this one, so that its label is not this slice's own */
async function sliceItem (
  slice: Slice, { row, mask: maskPath }: LabelledDicom, known: KnownSlice, several: boolean, { preprocessing, decoder }: Tools,
): Promise<EvaluationItem> {
  const item = { ...known, series: `${known.series ?? ''}/${known.contrast}` }
  try {
    const stored = await decoder.decodeSlice(slice)
    const nothing = implausibility(stored)
    if (nothing !== undefined) return { ...item, outcome: 'undetermined', reason: { code: 'implausible-pixels', text: nothing } }
    const raster = rasterize(slice, stored, preprocessing)
    if (row.label === 0) return { ...item, raster }
    if (maskPath !== undefined) {
      const mask = maskOnRaster(await readPicture(maskPath, decoder), stored, raster)
      return mask.some(value => value > 0) ? { ...item, raster, mask } : { ...item, label: 0, raster }
    }
    // a folder of masks shows every slice with a tuber: those without a mask have none
    if (row.mask !== undefined) return { ...item, label: 0, raster }
    return { ...item, raster, ...several ? { ofSeries: true as const } : {} }
  } catch (thrown) {
    const { code, message } = toAppError(thrown, 'input-unreadable')
    return { ...item, outcome: 'failed', reason: { code, text: message } }
  }
}
