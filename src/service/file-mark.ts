import { statSync } from 'node:fs'

/**
 * What is another when a file changed: a secret that is mounted is replaced by a link to another file, one that is edited has
 * another time. Empty where there is no file.
 */
export function fileMark (path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? '' : [found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ')
}
