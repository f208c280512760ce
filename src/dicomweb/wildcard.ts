/**
 * Whether a text is what a pattern says: `*` any text, `?` one character (PS3.4 C.2.2.2.4); without regard to case. In a time of
 * text × pattern at most: a regular expression of many `*` would take longer than anybody waits.
 */
export function matchesWildcard (text: string, pattern: string): boolean {
  const [given, wanted] = [text, pattern].map(one => Array.from(one.toLowerCase())) as [string[], string[]]
  let [at, next] = [0, 0]
  // where the last `*` stands, and how far the text is that it takes
  let star = -1
  let taken = 0
  while (at < given.length) {
    if (wanted[next] === '*') {
      star = next++
      taken = at
    } else if (wanted[next] === '?' || wanted[next] === given[at]) {
      at++
      next++
    } else if (star >= 0) {
      // the star before takes one character more; those before that one need no other try
      at = ++taken
      next = star + 1
    } else return false
  }
  return wanted.slice(next).every(character => character === '*')
}
