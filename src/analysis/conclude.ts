import type { Conclusion, SliceFinding } from '../model/finding.ts'
import type { ModelManifest, SeriesRule } from '../model/manifest.ts'
import { thresholdText } from '../report/sentences.ts'

/** A series in which more than this share of the slices has no probability cannot be called negative. */
const largestShareWithout = 0.2

export interface SeriesConclusion {
  readonly conclusion: Conclusion
  /** How the rule came to it: a sentence for people. */
  readonly ruleText: string
}

/** What besides the probabilities decides. */
export interface SeriesCircumstances {
  /** Fewer slices than the series has were analysed. */
  readonly incomplete: boolean
  /** Patient's age in years, where known. */
  readonly age: number | undefined
}

/**
 * The series rule of the manifest over the slices in source order. A rule that holds is `present`; one that does not is
 * `undetermined` when the series is incomplete, has fewer slices than the rule needs, or more than 20 % of its slices have no
 * probability, else `absent`. Below
 * the manifest's age the result is `undetermined` whatever the probabilities.
 */
export function concludeSeries (
  findings: readonly SliceFinding[], manifest: ModelManifest, circumstances: SeriesCircumstances,
): SeriesConclusion {
  const probabilities = findings.map(finding => finding.kind === 'classified' ? finding.probability : undefined)
  const { holds, text } = applyRule(probabilities, manifest.seriesRule, manifest.output.threshold)
  const { age } = circumstances
  if (age !== undefined && age < manifest.age.undeterminedBelow) {
    return { conclusion: 'undetermined', ruleText: `${text} Undetermined: the model was not made for patients under ${manifest.age.undeterminedBelow} years.` }
  }
  if (holds) return { conclusion: 'present', ruleText: text }
  const without = probabilities.filter(p => p === undefined).length
  if (findings.length === 0 || without > largestShareWithout * findings.length) {
    return { conclusion: 'undetermined', ruleText: `${text} Undetermined: ${without} of ${findings.length} slices have no probability.` }
  }
  if (findings.length < slicesNeeded(manifest.seriesRule)) {
    return { conclusion: 'undetermined', ruleText: `${text} Undetermined: too few slices for this rule.` }
  }
  if (circumstances.incomplete) return { conclusion: 'undetermined', ruleText: `${text} Undetermined: the series is incomplete.` }
  return { conclusion: 'absent', ruleText: text }
}

/** Any positive series → present; else any undetermined series, or none analysed → undetermined; else absent. */
export function concludeStudy (series: readonly Conclusion[]): Conclusion {
  if (series.includes('present')) return 'present'
  return series.length === 0 || series.includes('undetermined') ? 'undetermined' : 'absent'
}

/** With fewer slices the rule could not hold whatever they show. */
function slicesNeeded (rule: SeriesRule): number {
  return rule.kind === 'count' ? Math.max(rule.positive, rule.consecutive) : rule.k
}

interface Applied { readonly holds: boolean, readonly text: string }

function applyRule (probabilities: readonly (number | undefined)[], rule: SeriesRule, threshold: number): Applied {
  if (rule.kind === 'mean-top-k') {
    const known = probabilities.filter(p => p !== undefined).sort((a, b) => b - a).slice(0, rule.k)
    const mean = known.length === 0 ? 0 : known.reduce((sum, p) => sum + p, 0) / known.length
    return {
      holds: known.length === rule.k && mean >= rule.threshold,
      text: `Series rule: the mean of the ${rule.k} largest probabilities (here ${mean.toFixed(2)}) is at least ${thresholdText(rule.threshold)}.`,
    }
  }
  const positive = probabilities.filter(p => p !== undefined && p >= threshold).length
  let run = 0
  let longest = 0
  for (const p of probabilities) {
    run = p !== undefined && p >= threshold ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return {
    holds: positive >= rule.positive && longest >= rule.consecutive,
    text: `Series rule: at least ${rule.positive} positive ${rule.positive === 1 ? 'slice' : 'slices'}` +
      `${rule.consecutive > 1 ? `, ${rule.consecutive} of them in a row (longest row here: ${longest})` : ''}.`,
  }
}
