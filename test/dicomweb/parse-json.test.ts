import t from 'tap'
import { parseJson } from '../../src/dicomweb/parse-json.ts'

t.test('JSON is what it is, however its strings look', async t => {
  t.strictSame(parseJson(`{"a":["\\"[[[${'['.repeat(1000)}\\\\",1,null]}`), { a: [`"[[[${'['.repeat(1000)}\\`, 1, null] })
  t.strictSame(parseJson(`${'['.repeat(1000)}${']'.repeat(1000)}`), JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`))
  t.strictSame(parseJson(`[${'{},'.repeat(1000)}{}]`), Array.from({ length: 1001 }, () => ({})), 'side by side is not deep')
  t.equal(Object.getPrototypeOf(parseJson('{"__proto__":{"polluted":1}}')), Object.prototype)
  t.notOk('polluted' in {})
})

t.test('what nests too deep is refused before it is parsed, and what is no JSON after', async t => {
  for (const text of ['['.repeat(30_000_000), '{"a":'.repeat(1001), '['.repeat(1001) + ']'.repeat(1001)]) t.throws(() => parseJson(text), { code: 'request-malformed', message: /too deep/ })
  for (const text of ['', '{', '["a', '[1]]']) t.throws(() => parseJson(text), { code: 'request-malformed', message: /not JSON/ })
})
