/** The straight line that comes nearest to some points, by least squares. */
export interface StraightLine {
  readonly slope: number
  readonly intercept: number
  /** Share of the spread that the line explains, 0..1. */
  readonly fit: number
}

/** @param points at least two, at different places */
export function straightLine (points: readonly (readonly [x: number, y: number])[]): StraightLine {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const along = mean(points.map(([px]) => (px - x) ** 2))
  const across = mean(points.map(([, py]) => (py - y) ** 2))
  const both = mean(points.map(([px, py]) => (px - x) * (py - y)))
  const slope = both / along
  return { slope, intercept: y - slope * x, fit: across === 0 ? 1 : both ** 2 / (along * across) }
}
