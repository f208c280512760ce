/**
 * The values below which `percents` of the sample lie, linearly interpolated between ranks (NumPy's default):
 * rank = p/100 · (n − 1). Exact; may reorder `values`.
 * @param values at least one, all finite
 */
export function percentiles (values: Float32Array, percents: readonly number[]): number[] {
  // most pictures hold whole numbers, which are counted in a fraction of the time that selection takes
  const counts = countsOf(values)
  return percents.map(percent => {
    const rank = Math.min(Math.max(percent, 0), 100) / 100 * (values.length - 1)
    const below = Math.floor(rank)
    const value = counts === undefined ? select(values, below) : countedAt(counts, below)
    if (rank === below) return value
    const next = counts === undefined ? leastFrom(values, below + 1) : countedAt(counts, below + 1)
    return value + (next - value) * (rank - below)
  })
}

/** How often each number occurs; `undefined` unless all are whole and 0 to 65,535. */
function countsOf (values: Float32Array): Uint32Array | undefined {
  let all = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value !== (value & 0xffff)) return undefined
    all |= value
  }
  // no number has a bit that `all` has not
  const counts = new Uint32Array(2 ** (32 - Math.clz32(all)))
  for (let i = 0; i < values.length; i++) counts[values[i]!]!++
  return counts
}

/** The value at rank `k`, 0 the least. */
function countedAt (counts: Uint32Array, k: number): number {
  let value = 0
  for (let passed = counts[0]!; passed <= k; passed += counts[value]!) value++
  return value
}

/** The next rank: after a selection nothing behind its index is smaller. */
function leastFrom (values: Float32Array, from: number): number {
  let least = Infinity
  for (let i = from; i < values.length; i++) if (values[i]! < least) least = values[i]!
  return least
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
