/** A 0/1 picture of `width`×`height`, row by row. */
export interface Mask { readonly width: number, readonly height: number, readonly data: Uint8Array }

const far = 1e12

/** Distance, in pixels, of each 1 to the nearest 0 (Felzenszwalb & Huttenlocher 2012); outside the picture is neither. */
export function distanceToZero ({ width, height, data }: Mask): Float32Array {
  const squared = alongColumns(data, width, height)
  const scratch: Envelope = {
    values: new Float64Array(width), at: new Int32Array(width), from: new Float64Array(width + 1),
  }
  for (let y = 0; y < height; y++) lowerEnvelope(squared, y * width, width, scratch)
  const out = new Float32Array(squared.length)
  for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(squared[i]!)
  return out
}

/** Squared distance of each pixel to the nearest 0 of its own column; `far` where there is none. */
function alongColumns (data: Uint8Array, width: number, height: number): Float64Array {
  const limit = Math.sqrt(far)
  const steps = new Float64Array(width * height)
  for (let i = 0; i < steps.length; i++) {
    steps[i] = data[i] === 0 ? 0 : Math.min(limit, 1 + (i < width ? limit : steps[i - width]!))
  }
  for (let i = width * (height - 1) - 1; i >= 0; i--) {
    const below = steps[i + width]! + 1
    if (below < steps[i]!) steps[i] = below
  }
  for (let i = 0; i < steps.length; i++) steps[i] = steps[i]! * steps[i]!
  return steps
}

interface Envelope { readonly values: Float64Array, readonly at: Int32Array, readonly from: Float64Array }

/** The squared distance transform along a row: the lower envelope of parabolas. */
function lowerEnvelope (data: Float64Array, start: number, count: number, { values, at, from }: Envelope): void {
  for (let i = 0; i < count; i++) values[i] = data[start + i]!
  let last = 0
  at[0] = 0
  from[0] = -far
  from[1] = far
  for (let q = 1; q < count; q++) {
    let cross = crossing(values, q, at[last]!)
    while (last > 0 && cross <= from[last]!) cross = crossing(values, q, at[--last]!)
    if (cross > from[last]!) last++
    else cross = -far
    at[last] = q
    from[last] = cross
    from[last + 1] = far
  }
  for (let q = 0, k = 0; q < count; q++) {
    while (from[k + 1]! < q) k++
    const p = at[k]!
    data[start + q] = (q - p) * (q - p) + values[p]!
  }
}

function crossing (values: Float64Array, q: number, p: number): number {
  return (values[q]! + q * q - values[p]! - p * p) / (2 * (q - p))
}

function inverse (mask: Mask): Mask {
  return { ...mask, data: mask.data.map(value => value === 0 ? 1 : 0) }
}

/** Grows by a disc; `radius` in pixels. */
export function grow (mask: Mask, radius: number): Mask {
  const distance = distanceToZero(inverse(mask))
  return { ...mask, data: mask.data.map((value, i) => value !== 0 || distance[i]! <= radius ? 1 : 0) }
}

/** Shrinks by a disc; `radius` in pixels. */
export function shrink (mask: Mask, radius: number): Mask {
  const distance = distanceToZero(mask)
  return { ...mask, data: mask.data.map((value, i) => value !== 0 && distance[i]! > radius ? 1 : 0) }
}

/** Shrinks, then grows: what is narrower than two radii goes. */
export function open (mask: Mask, radius: number): Mask {
  return grow(shrink(mask, radius), radius)
}

/** Grows, then shrinks: gaps narrower than two radii close. */
export function close (mask: Mask, radius: number): Mask {
  return shrink(grow(mask, radius), radius)
}

/** Sets every 0 that is not connected (by sides) to the border. */
export function fillHoles ({ width, height, data }: Mask): Mask {
  const outside = new Uint8Array(width * height)
  const queue: number[] = []
  const visit = (i: number): void => {
    if (data[i] !== 0 || outside[i] !== 0) return
    outside[i] = 1
    queue.push(i)
  }
  for (let x = 0; x < width; x++) {
    visit(x)
    visit((height - 1) * width + x)
  }
  for (let y = 0; y < height; y++) {
    visit(y * width)
    visit(y * width + width - 1)
  }
  for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
    const x = i % width
    if (x > 0) visit(i - 1)
    if (x < width - 1) visit(i + 1)
    if (i >= width) visit(i - width)
    if (i < width * (height - 1)) visit(i + width)
  }
  return { width, height, data: outside.map(value => value === 0 ? 1 : 0) }
}

/**
 * Connected parts (by faces) of a 0/1 volume, or of a picture with a depth of 1.
 * @returns for each voxel the number of its part, 0 for none; and how many parts there are
 */
export function label (data: Uint8Array, width: number, height: number, depth = 1): { labels: Int32Array, count: number } {
  const labels = new Int32Array(data.length)
  const plane = width * height
  const queue: number[] = []
  let count = 0
  const visit = (i: number): void => {
    if (data[i] === 0 || labels[i] !== 0) return
    labels[i] = count
    queue.push(i)
  }
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || labels[start] !== 0) continue
    count++
    visit(start)
    for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
      const x = i % width
      const y = Math.floor(i / width) % height
      const z = Math.floor(i / plane)
      if (x > 0) visit(i - 1)
      if (x < width - 1) visit(i + 1)
      if (y > 0) visit(i - width)
      if (y < height - 1) visit(i + width)
      if (z > 0) visit(i - plane)
      if (z < depth - 1) visit(i + plane)
    }
  }
  return { labels, count }
}
