import { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { mrFile, store } from './archive.ts'

/** Stores slices one after the other and says which are acknowledged, until it is killed: `stored 17` after each. */
const archive = await SqliteArchive.open({ dataDir: process.argv[2]!, reserveBytes: 1 })
process.stdout.write('ready\n')
for (let index = Number(process.argv[3]); ; index++) {
  const [outcome] = await store(archive, mrFile({ index, series: `series ${index % 3}` }))
  process.stdout.write(`${outcome!.kind} ${index}\n`)
}
