import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Clock, openArchive, temporaryFolder } from '../helpers/archive.ts'

const child = resolve(import.meta.dirname, '../helpers/writing-child.ts')

/** Runs the child until it acknowledged so many slices, then SIGKILL; the numbers that it acknowledged. */
async function writeAndKill (folder: string, from: number, count: number, delayMs: number): Promise<number[]> {
  const running = spawn(process.execPath, [...process.execArgv, child, folder, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  running.stdout.setEncoding('utf8')
  for await (const chunk of running.stdout as AsyncIterable<string>) {
    text += chunk
    if (text.split('\n').length - 2 >= count) break
  }
  await new Promise(resolve => setTimeout(resolve, delayMs))
  running.kill('SIGKILL')
  if (running.exitCode === null && running.signalCode === null) await once(running, 'exit')
  return [...text.matchAll(/^stored (\d+)$/gm)].map(match => Number(match[1]))
}

t.test('what was acknowledged before kill -9 is there afterwards, whole, and the rest leaves nothing half', async t => {
  const folder = temporaryFolder(t)
  const acknowledged: number[] = []
  for (const [round, delay] of [0, 1, 3, 7, 2].entries()) {
    acknowledged.push(...await writeAndKill(folder, round * 1000, 4 + round, delay))
  }
  t.ok(acknowledged.length >= 20)
  const archive = await openArchive(t, new Clock(), folder)
  const held = archive.findInstances({})
  const byUid = new Map(held.map(instance => [instance.sopInstanceUid as string, instance]))
  for (const index of acknowledged) {
    const instance = byUid.get(uidFromName(`series ${index % 3} ${index}`))
    t.ok(instance !== undefined, `slice ${index} is there`)
    t.equal((await readInstanceFile(instance!.path)).digest, instance!.digest, `slice ${index} is whole`)
  }
  t.equal(byUid.size, held.length, 'no UID twice')
  t.ok(held.every(({ path }) => existsSync(path)))
  t.match(await archive.sweep(), { lost: 0 })
})
