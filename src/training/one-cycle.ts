/**
 * Learning rate of a step: up from a 25th by a half cosine over the first `rise` of the run, then down to nearly nothing
 * (Smith & Topin 2018).
 * @param step 0-based
 */
export function oneCycle (step: number, steps: number, peak: number, rise = 0.1): number {
  const top = Math.max(1, Math.floor(steps * rise))
  if (step < top) return between(peak / 25, peak, step / top)
  return between(peak, peak / 1e4, Math.min(1, (step - top) / Math.max(1, steps - top)))
}

function between (from: number, to: number, part: number): number {
  return from + (to - from) * (1 - Math.cos(Math.PI * part)) / 2
}
