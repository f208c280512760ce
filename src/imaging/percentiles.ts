/**
 * The values below which `percents` of the sample lie, linearly interpolated between ranks (NumPy's default):
 * rank = p/100 · (n − 1). Exact; reorders `values`.
 * @param values at least one, all finite
 */
export function percentiles (values: Float32Array, percents: readonly number[]): number[] {
  return percents.map(percent => {
    const rank = Math.min(Math.max(percent, 0), 100) / 100 * (values.length - 1)
    const below = Math.floor(rank)
    const value = select(values, below)
    if (rank === below) return value
    // after selection everything behind `below` is not smaller; its least is the next rank
    let next = Infinity
    for (let i = below + 1; i < values.length; i++) if (values[i]! < next) next = values[i]!
    return value + (next - value) * (rank - below)
  })
}

/** Hoare's selection: the k-th smallest ends at index k, no larger value before it, no smaller one behind. */
function select (values: Float32Array, k: number): number {
  let left = 0
  let right = values.length - 1
  while (left < right) {
    const middle = (left + right) >> 1
    const [a, b, c] = [values[left]!, values[middle]!, values[right]!]
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
    let i = left
    let j = right
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const swap = values[i]!
      values[i] = values[j]!
      values[j] = swap
      i++
      j--
    }
    if (k <= j) right = j
    else if (k >= i) left = i
    else break
  }
  return values[k]!
}
