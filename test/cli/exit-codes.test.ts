import t from 'tap'
import { exitCodeOf, exitCodes } from '../../src/cli/exit-codes.ts'
import { errorCodes } from '../../src/errors.ts'

t.test('every exit code is used by one meaning', async t => {
  const codes = Object.values(exitCodes).map(({ code }) => code)
  t.equal(new Set(codes).size, codes.length)
})

t.test('no failure looks like success', async t => {
  for (const code of errorCodes) t.not(exitCodeOf(code), 0, code)
})

t.test('what scripts rely on', async t => {
  t.equal(exitCodeOf('config-invalid'), 78, 'EX_CONFIG of sysexits.h')
  t.equal(exitCodeOf('interrupted'), 130, '128 + SIGINT')
  t.equal(exitCodeOf('usage'), 2)
  t.equal(exitCodeOf('no-eligible-series'), 4)
})
