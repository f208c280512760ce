import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Distribution } from '../imaging/out-of-distribution.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { manifestText } from '../model/manifest-text.ts'
import type { EvaluationReport } from './evaluation-report.ts'

/** What of an evaluation goes into a manifest. */
export interface Recorded {
  /** threshold and series rule as proposed */
  readonly proposal?: EvaluationReport['proposal']
  readonly distribution?: Distribution | undefined
  /** the main figures, under this key */
  readonly key?: string | undefined
}

/** Rewrites the manifest of a model folder. Hashes cover the weights, not the manifest: calibration and figures may follow training. */
export async function recordEvaluation (
  directory: string, manifest: ModelManifest, made: EvaluationReport, { proposal, distribution, key }: Recorded,
): Promise<void> {
  const changed: ModelManifest = {
    ...manifest,
    ...proposal === undefined
      ? {}
      : { output: { ...manifest.output, threshold: round(proposal.threshold) }, seriesRule: proposal.seriesRule },
    ...distribution === undefined ? {} : { distribution },
    metrics: { ...manifest.metrics, ...key === undefined ? {} : metricsOf(made, key) },
  }
  await writeFile(join(directory, 'manifest.json'), manifestText(changed))
}

function metricsOf ({ perSlice, tuberFree, paired }: EvaluationReport, key: string): Record<string, number> {
  const named: Record<string, number> = {}
  for (const [name, value] of Object.entries(perSlice.figures)) named[`${key}.${name}`] = round(value)
  if (tuberFree.slices > 0) {
    named[`${key}.falsePositiveRate`] = round(tuberFree.falsePositiveRate)
    named[`${key}.positiveSeriesRate`] = round(tuberFree.positiveSeriesRate)
  }
  for (const [name, { auc }] of Object.entries(paired)) named[`${key}.paired ${name}.auc`] = round(auc)
  return named
}

function round (value: number): number {
  return Number(value.toFixed(4))
}
