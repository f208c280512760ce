/** One attribute that a decision rests on: what it holds and what follows from it. Never patient data. */
export interface Evidence {
  /** PS3.6 keyword, or eight hexadecimal digits of a private element. */
  readonly attribute: string
  /** As read, values parted by backslashes; times in ms, angles in degrees. */
  readonly value: string
  /** The rule that it met or broke, a short sentence for people. */
  readonly rule: string
  /** The value was typed by a person or a site (SeriesDescription, ProtocolName): for reports and terminals, never for logs. */
  readonly freeText: boolean
}

/** Evidence from a coded or numeric attribute. */
export function evidence (attribute: string, value: string | number | readonly (string | number)[], rule: string): Evidence {
  return { attribute, value: printed(value), rule, freeText: false }
}

/** Evidence from an attribute that people type into; the service leaves it out of its logs. */
export function freeTextEvidence (attribute: string, value: string, rule: string): Evidence {
  return { attribute, value: printed(value), rule, freeText: true }
}

/** The same facts once, in the order of their first mention. */
export function withoutRepeats (all: readonly Evidence[]): Evidence[] {
  const seen = new Map<string, Evidence>()
  for (const one of all) {
    const key = JSON.stringify([one.attribute, one.value, one.rule])
    if (!seen.has(key)) seen.set(key, one)
  }
  return [...seen.values()]
}

const longestValue = 64

function printed (value: string | number | readonly (string | number)[]): string {
  const values: readonly (string | number)[] = typeof value === 'object' ? value : [value]
  const text = values.map(v => typeof v === 'number' ? String(Number(v.toFixed(3))) : v).join('\\')
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`
}
