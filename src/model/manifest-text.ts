import type { ModelManifest } from './manifest.ts'

/** A manifest as its file holds it: indented, lists of numbers on one line each. */
export function manifestText (manifest: ModelManifest): string {
  const text = JSON.stringify(manifest, undefined, 2)
  return `${text.replace(/\[\s+(-?[\d.][\d.e+-]*(?:,\s+-?[\d.][\d.e+-]*)+)\s+\]/g, (_, numbers: string) => `[${numbers.replace(/,\s+/g, ', ')}]`)}\n`
}
