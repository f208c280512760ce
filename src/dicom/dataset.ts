/**
 * A data set to be written: exact PS3.6 keywords → values. `null` and `[]` write an empty element (Type 2); a key that is
 * absent writes nothing. `undefined` is not a value. Numbers for DS and IS may be numbers; the writer formats them.
 */
export interface Dataset { [keyword: string]: DatasetValue }
export type DatasetValue = null | string | number | ArrayBuffer | PersonNameValue | readonly string[] | readonly number[] |
  readonly PersonNameValue[] | readonly ArrayBuffer[] | Dataset | readonly Dataset[]
export interface PersonNameValue { readonly Alphabetic: string, readonly Ideographic?: string, readonly Phonetic?: string }
