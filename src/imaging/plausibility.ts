import type { StoredPixels } from './stored-pixels.ts'

/** Least correlation of neighbours in a row: head slices have above 0.8 also when noisy, white noise has 0. */
const leastCorrelation = 0.3

/**
 * Whether decoded values can be a picture of anything. Some decoders report success on corrupt streams, some files hold noise or
 * nothing; a network answers them all the same.
 * @returns why not, a sentence for people; `undefined` when nothing speaks against it
 */
export function implausibility (stored: Pick<StoredPixels, 'width' | 'height' | 'samplesPerPixel'> & { readonly data: StoredPixels['data'] | Float32Array }): string | undefined {
  const { width, height, samplesPerPixel, data } = stored
  if (samplesPerPixel !== 1) return undefined
  let [n, sum, squares, products] = [0, 0, 0, 0]
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (value < low) low = value
    if (value > high) high = value
    sum += value
  }
  if (!(high > low)) return 'The image has one value only'
  const mean = sum / data.length
  for (let y = 0; y < height; y++) {
    for (let i = y * width + 1; i < (y + 1) * width; i++, n++) {
      const a = data[i - 1]! - mean
      const b = data[i]! - mean
      products += a * b
      squares += (a * a + b * b) / 2
    }
  }
  // lag-one autocorrelation along the rows
  return n > 0 && squares > 0 && products / squares < leastCorrelation ? 'The image is noise: neighbouring pixels are unrelated' : undefined
}
