/** The value representations that headers are copied in. */
export type CopiedVr = 'AS' | 'CS' | 'DA' | 'DS' | 'LO' | 'PN' | 'SH' | 'TM' | 'UI'

// C0 and C1 controls; ESC belongs to encodings that the reader has already undone
const control = /\p{Cc}/u
const text = (limit: number) => (value: string) => Array.from(value).length <= limit && !control.test(value) && !value.includes('\\')

const rules: Record<CopiedVr, (value: string) => boolean> = {
  AS: value => /^\d{3}[DWMY]$/.test(value),
  CS: value => /^[A-Z0-9_ ]{1,16}$/.test(value),
  DA: isDate,
  DS: value => value.length <= 16 && /^[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?$/.test(value),
  LO: text(64),
  PN: value => text(64)(value) && !value.includes('=') && value.split('^').length <= 5,
  SH: text(16),
  TM: value => /^([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?$/.test(value),
  UI: value => value.length <= 64 && /^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/.test(value),
}

/** Whether a single value may stand in an element of this VR (PS3.5 6.2, table 6.2-1); PN: one group of a name. */
export function isLegal (vr: CopiedVr, value: string): boolean {
  return rules[vr](value)
}

/** A calendar date as YYYYMMDD (PS3.5 6.2, DA). */
function isDate (value: string): boolean {
  if (!/^\d{8}$/.test(value)) return false
  const [year, month, day] = [Number(value.slice(0, 4)), Number(value.slice(4, 6)), Number(value.slice(6))]
  const date = new Date(Date.UTC(year, month - 1, day))
  // Date.UTC takes years 0 to 99 for 1900 to 1999; no examination is that old
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
