/** One element of the DICOM JSON Model (PS3.18 F.2.2). */
export interface JsonElement {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly InlineBinary?: string
  readonly BulkDataURI?: string
}

/** A data set of the DICOM JSON Model: eight upper-case hexadecimal digits → element, in ascending order when written. */
export type JsonDataset = Readonly<Record<string, JsonElement>>

/** The first value of an element as text; numbers are accepted, as some servers mix the two. */
export function jsonString (dataset: JsonDataset, tag: string): string | undefined {
  const value: unknown = dataset[tag]?.Value?.[0]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}

/** The first value of an element as a finite number; text is accepted, as Orthanc writes US and IS so. */
export function jsonNumber (dataset: JsonDataset, tag: string): number | undefined {
  const text = jsonString(dataset, tag)
  if (text === undefined || text.trim() === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** The items of a sequence; empty when the element is absent, empty or no sequence. */
export function jsonItems (dataset: JsonDataset, tag: string): readonly JsonDataset[] {
  return (dataset[tag]?.Value ?? []).filter(isJsonDataset)
}

/** Whether parsed JSON has the shape of a data set: an object of elements. */
export function isJsonDataset (value: unknown): value is JsonDataset {
  return typeof value === 'object' && value !== null && !Array.isArray(value) &&
    Object.values(value).every(element => typeof element === 'object' && element !== null)
}
