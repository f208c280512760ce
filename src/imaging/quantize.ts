/** 0..1 → the nearest of 256 levels, still 0..1, in place: what an 8-bit picture file would keep. */
export function quantize8bit (values: Float32Array): Float32Array {
  // adding a half and dropping the fraction is Math.round for what is not negative, and three times as fast
  for (let i = 0; i < values.length; i++) values[i] = ((values[i]! * 255 + 0.5) | 0) / 255
  return values
}

/** 0..1 → 0..255. */
export function toBytes (values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) bytes[i] = (Math.min(Math.max(values[i]!, 0), 1) * 255 + 0.5) | 0
  return bytes
}
