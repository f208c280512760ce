/**
 * How the program reads a data set: by attribute keyword of PS3.6 (`RepetitionTime`) or, for private elements, by eight
 * hexadecimal digits (`0019100c`). Text is decoded by SpecificCharacterSet and stripped of padding; absent and empty are
 * both `undefined` (ask `has` where the difference matters). Readers never throw for a value that breaks its VR: such
 * a value is `undefined`, and `warnings` of the instance names it.
 */
export interface Attributes {
  /** Whether the element is present, empty or not. */
  has (name: string): boolean
  /** The first value as text. PN gives its alphabetic group. */
  string (name: string): string | undefined
  /** The first value of a PN with all its groups (PS3.5 6.2.1), each decoded; absent groups are ''. */
  personName (name: string): PersonName | undefined
  /** All values as text, split at backslashes where the VR allows more than one. */
  strings (name: string): readonly string[]
  /** The first value as a finite number. */
  number (name: string): number | undefined
  /** All values as numbers; empty when any of them is not a finite number. */
  numbers (name: string): readonly number[]
  /** The items of a sequence; empty when absent. */
  items (name: string): readonly Attributes[]
  /** The raw value bytes, a view without a copy. */
  bytes (name: string): Uint8Array | undefined
  /** The tags present (group × 65536 + element), in the order of the encoding, where the implementation can list them. */
  readonly tags?: readonly number[]
}

/** A three-component person name (PS3.5 6.2.1). */
export interface PersonName { readonly alphabetic: string, readonly ideographic: string, readonly phonetic: string }
