/** MONOCHROME1: the lowest value is white (PS3.3 C.7.6.3.1.2). Inverted after VOI, in place; 0..1 in and out. */
export function invertMonochrome1 (values: Float32Array, photometricInterpretation: string): Float32Array {
  if (photometricInterpretation === 'MONOCHROME1') for (let i = 0; i < values.length; i++) values[i] = 1 - values[i]!
  return values
}
