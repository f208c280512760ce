interface NumericType { readonly size: number, readonly read: (view: DataView, offset: number, littleEndian: boolean) => number }

/** 64-bit integers lose precision beyond 2^53; nothing that is read here comes near. */
const types: Readonly<Record<string, NumericType>> = {
  US: { size: 2, read: (view, offset, le) => view.getUint16(offset, le) },
  SS: { size: 2, read: (view, offset, le) => view.getInt16(offset, le) },
  UL: { size: 4, read: (view, offset, le) => view.getUint32(offset, le) },
  SL: { size: 4, read: (view, offset, le) => view.getInt32(offset, le) },
  FL: { size: 4, read: (view, offset, le) => view.getFloat32(offset, le) },
  FD: { size: 8, read: (view, offset, le) => view.getFloat64(offset, le) },
  UV: { size: 8, read: (view, offset, le) => Number(view.getBigUint64(offset, le)) },
  SV: { size: 8, read: (view, offset, le) => Number(view.getBigInt64(offset, le)) },
}
const sameAs: Readonly<Record<string, string>> = { OW: 'US', OL: 'UL', OF: 'FL', OD: 'FD', OV: 'UV' }

/** The numbers of a binary VR (PS3.5 6.2); bytes that do not fill a value are left out. */
export function readNumbers (bytes: Uint8Array, vr: string, littleEndian: boolean): readonly number[] {
  const type = types[sameAs[vr] ?? vr]
  if (type === undefined) return []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / type.size) }, (_, i) => type.read(view, i * type.size, littleEndian))
}
