import type { Preprocessing } from '../imaging/preprocessing.ts'
import type { CanvasSeries } from './canvas.ts'
import { asAcquired, drawCanvasSlice } from './canvas-slice.ts'
import type { EvaluationSlice } from './evaluation-slice.ts'
import { Random } from './random.ts'
import { difficulties } from './slice-picture.ts'
import { finished } from './synthesizer.ts'
import { toRaster } from './training-batch.ts'

export interface PairOptions {
  readonly preprocessing: Preprocessing
  readonly difficulties: readonly (keyof typeof difficulties)[]
  /** implantations into each slice, per difficulty */
  readonly repeats: number
  readonly seed: number
}

/**
 * Every cerebral slice of the series as it is, and with tubers implanted: the paired test. The pair differs by the tubers alone;
 * an implantation that left hardly a trace is not shown.
 */
export function * implantedPairs (canvases: readonly CanvasSeries[], options: PairOptions): Generator<EvaluationSlice> {
  const { preprocessing, repeats, seed } = options
  const size = preprocessing.width
  let stream = 0
  for (const series of canvases) {
    const name = `${series.patient}/${series.name}`
    for (const slice of series.slices) {
      if (!slice.cerebral) continue
      const shown = (withTubers: boolean, difficulty: keyof typeof difficulties) => {
        const request = { size, withTubers, difficulty: difficulties[difficulty], vary: false }
        const drawn = drawCanvasSlice(new Random(seed, ++stream), series, slice, request)
        return finished(drawn, asAcquired(drawn), series.contrast, series.patient, 'canvas')
      }
      const common = { patient: series.patient, index: slice.index, contrast: series.contrast }
      const key = `${name}/${slice.index}`
      yield {
        ...common, raster: toRaster(shown(false, 'mixed'), preprocessing), label: 0, series: name, pair: { key, difficulty: 'without' },
      }
      for (const difficulty of options.difficulties) {
        for (let k = 0; k < repeats; k++) {
          const implanted = shown(true, difficulty)
          if (implanted.label === 0) continue
          yield {
            ...common,
            raster: toRaster(implanted, preprocessing),
            label: 1,
            series: `${name} with ${difficulty} ${k + 1}`,
            mask: implanted.mask,
            pair: { key, difficulty },
          }
        }
      }
    }
  }
}
