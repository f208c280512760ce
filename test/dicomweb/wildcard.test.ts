import fc from 'fast-check'
import t from 'tap'
import { matchesWildcard } from '../../src/dicomweb/wildcard.ts'

t.test('a star is any text, a question mark one character, and the rest stands for itself without regard to case', async t => {
  for (const [text, pattern] of [['Doe^Jane', 'doe*'], ['Doe^Jane', '*JANE'], ['abc', 'a?c'], ['abc', '*'], ['', '*'], ['', ''], ['a.c', 'a.c'], ['aXbXc', 'a*b*c'], ['😀b', '?b'], ['aab', '*ab'], ['a*', 'a*']] as const) {
    t.ok(matchesWildcard(text, pattern), `${text} ${pattern}`)
  }
  for (const [text, pattern] of [['Doe', 'Do'], ['abc', 'a?'], ['abc', 'a.c'], ['', '?'], ['ab', '*b*c'], ['axc', 'a\\?c']] as const) t.notOk(matchesWildcard(text, pattern), `${text} ${pattern}`)
})

t.test('it is what a regular expression says, on short texts', async t => {
  const short = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 })
  const result = fc.check(fc.property(short.map(text => text.replace(/[*?]/g, 'a')), short, (text, pattern) => {
    const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
    return matchesWildcard(text, pattern) === new RegExp(`^${source}$`, 's').test(text)
  }), { numRuns: 2000, seed: 1 })
  t.notOk(result.failed, JSON.stringify(result.counterexample))
})

// a regular expression would not end within the life of the machine
t.test('a pattern of many stars is answered', async t => {
  t.notOk(matchesWildcard('a'.repeat(10_000), `${'*a'.repeat(30)}*b`))
  t.ok(matchesWildcard(`${'a'.repeat(10_000)}b`, `${'*a'.repeat(30)}*b`))
})
