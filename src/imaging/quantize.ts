/** 0..1 → the nearest of 256 levels, still 0..1, in place: what an 8-bit picture file would keep. */
export function quantize8bit (values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = Math.round(values[i]! * 255) / 255
  return values
}

/** 0..1 → 0..255. */
export function toBytes (values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) bytes[i] = Math.round(Math.min(Math.max(values[i]!, 0), 1) * 255)
  return bytes
}
