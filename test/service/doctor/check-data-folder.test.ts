import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkDataFolder } from '../../../src/service/doctor/check-data-folder.ts'

t.test('a folder of one\'s own with room is in order, and nothing stays in it', async t => {
  const dataDir = t.testdir()
  chmodSync(dataDir, 0o700)
  const checks = await checkDataFolder({ dataDir, reserveBytes: 1 })
  t.match(checks.at(-1), { state: 'ok', found: /^[\d.]+ GB of [\d.]+ GB are free; 0.0 GB are kept in reserve$/ })
  t.match(checks[0], { area: 'data folder', found: /can be written/ })
  t.notMatch(checks, [{ state: 'failure' }])
  t.strictSame(readdirSync(dataDir), [])
})

t.test('a folder that others may read is told of', async t => {
  const dataDir = t.testdir()
  chmodSync(dataDir, 0o755)
  t.match((await checkDataFolder({ dataDir, reserveBytes: 1 }))[1], { state: 'warning', found: /others can look into it/, todo: `chmod 700 ${dataDir}` })
})

t.test('too little room is a failure, and soon too little a warning', async t => {
  const dataDir = t.testdir()
  const last = async (reserveBytes: number) => (await checkDataFolder({ dataDir, reserveBytes })).at(-1)
  t.match(await last(Number.MAX_SAFE_INTEGER), { state: 'failure', found: /nothing is taken in/ })
  const free = Number(/^([\d.]+) GB/.exec((await last(1))!.found)![1]) * 1e9
  t.match(await last(free * 0.8), { state: 'warning', todo: /soon/ })
})

t.test('a folder that is not there yet is made by the first start, where that may', async t => {
  const folder = t.testdir({ file: '' })
  t.match(await checkDataFolder({ dataDir: join(folder, 'new'), reserveBytes: 1 }), [{ state: 'ok', found: /the first start makes it/ }])
  t.match(await checkDataFolder({ dataDir: join(folder, 'no/new'), reserveBytes: 1 }), [{ state: 'failure', found: /cannot be made/ }])
  t.match(await checkDataFolder({ dataDir: join(folder, 'file'), reserveBytes: 1 }), [{ state: 'failure', found: /is not a folder/ }])
})

t.test('a folder that cannot be written is told with the user that tried', { skip: process.platform !== 'linux' }, async t => {
  t.match(await checkDataFolder({ dataDir: '/proc', reserveBytes: 1 }), [{ state: 'failure', found: /^\/proc cannot be written \(E\w+\)$/, todo: /ran as user \d+/ }])
})
