import type { PersonName } from './attributes.ts'

/** The component groups of a PN value, each without padding; the components keep their `^` (PS3.5 6.2.1). */
export function personName (text: string): PersonName {
  const [alphabetic = '', ideographic = '', phonetic = ''] = text.split('=').map(group => group.trim())
  return { alphabetic, ideographic, phonetic }
}
