import type { AffineMap } from './raster.ts'

export const identity: AffineMap = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 }

/** Where (x, y) goes. */
export function applyAffine (map: AffineMap, x: number, y: number): [number, number] {
  return [map.a * x + map.b * y + map.c, map.d * x + map.e * y + map.f]
}

/** `inner` first, then `outer`. */
export function composeAffine (outer: AffineMap, inner: AffineMap): AffineMap {
  return {
    a: outer.a * inner.a + outer.b * inner.d,
    b: outer.a * inner.b + outer.b * inner.e,
    c: outer.a * inner.c + outer.b * inner.f + outer.c,
    d: outer.d * inner.a + outer.e * inner.d,
    e: outer.d * inner.b + outer.e * inner.e,
    f: outer.d * inner.c + outer.e * inner.f + outer.f,
  }
}

/** The map back. @throws RangeError when the map is not invertible; those made here always are */
export function invertAffine (map: AffineMap): AffineMap {
  const determinant = map.a * map.e - map.b * map.d
  if (determinant === 0 || !Number.isFinite(determinant)) throw new RangeError('The affine map has no inverse')
  const [a, b, d, e] = [map.e / determinant, -map.b / determinant, -map.d / determinant, map.a / determinant]
  return { a, b, c: -(a * map.c + b * map.f), d, e, f: -(d * map.c + e * map.f) }
}
