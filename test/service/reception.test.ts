import { mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import type { ReceivedInstance } from '../../src/archive/archive.ts'
import { openStaging } from '../../src/archive/staging.ts'
import { AppError } from '../../src/errors.ts'
import { type InstanceReading, readReceived } from '../../src/service/instance-reading.ts'
import { Reception, type ReceptionOptions } from '../../src/service/reception.ts'
import { dicomFile } from './support/dicom-file.ts'

interface Held {
  readonly reception: Reception
  /** Files in the order in which they were to be read; each is read when `release` is called. */
  readonly asked: string[]
  readonly release: (index: number) => void
  /** Batches as they were committed. */
  readonly committed: (readonly ReceivedInstance[])[]
  readonly staged: () => Promise<string[]>
}

/** A reception over a folder, whose reader waits to be told. */
function held (t: Test, options: Partial<ReceptionOptions> = {}): Held {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const asked: string[] = []
  const releases: (() => void)[] = []
  const committed: (readonly ReceivedInstance[])[] = []
  let files = 0
  const read = async (path: string): Promise<InstanceReading> => {
    asked.push(path)
    await new Promise<void>(resolve => { releases.push(resolve) })
    return await readReceived(path)
  }
  const reception = new Reception({
    archive: {
      stage: async () => await Promise.resolve(openStaging(join(folder, String(files++)))),
      commit: async batch => {
        committed.push(batch)
        return await Promise.resolve(batch.map(() => ({ kind: 'stored' as const })))
      },
    },
    reader: { read, alone: async body => await body() },
    ignoreReason: () => undefined,
    ineligible: 'ignore',
    maxInstanceBytes: 2 ** 20,
    issuerOfPatientId: undefined,
    study: undefined,
    baseUrl: '',
    ...options,
  })
  return { reception, asked, release: index => { releases[index]!() }, committed, staged: async () => await readdir(folder) }
}

const body = (sop: string): Readable => Readable.from([dicomFile({ sop })])
const turn = async (): Promise<void> => { await new Promise(resolve => setTimeout(resolve, 20)) }

t.test('instances are read while the next ones come, a few at most, and committed in the order in which they came', async t => {
  const { reception, asked, release, committed } = held(t)
  let received = 0
  const receiving = (async () => {
    for (let i = 0; i < 6; i++) {
      await reception.receive(body(`1.2.3.${i}`))
      received++
    }
  })()
  while (asked.length < 4) await turn()
  await turn()
  t.strictSame([received, asked.length], [3, 4], 'the fourth holds the sender back')
  release(3)
  while (asked.length < 5) await turn()
  for (const index of [2, 1, 4, 0]) release(index)
  while (asked.length < 6) await turn()
  release(5)
  await receiving
  const outcomes = await reception.finish()
  t.strictSame(committed.map(batch => batch.map(({ instance }) => instance.sopInstanceUid)), [[0, 1, 2, 3, 4, 5].map(i => `1.2.3.${i}`)])
  t.strictSame(outcomes.map(({ kind }) => kind), Array.from({ length: 6 }, () => 'stored'))
  t.equal(reception.bytes, 6 * dicomFile({ sop: '1.2.3.0' }).length)
})

t.test('what is given up while it is read leaves no file', async t => {
  const { reception, asked, release, committed, staged } = held(t)
  await reception.receive(body('1.2.3.1'))
  await reception.receive(body('1.2.3.2'))
  while (asked.length < 2) await turn()
  const abandoned = reception.abandon()
  release(1)
  release(0)
  await abandoned
  t.strictSame(await staged(), [])
  t.strictSame(await reception.finish(), [
    { kind: 'failed', reason: 'processing-failure', comment: 'no outcome' }, { kind: 'failed', reason: 'processing-failure', comment: 'no outcome' },
  ])
  t.strictSame(committed, [])
})

t.test('an instance that cannot be flushed or read fails alone, and its file goes', async t => {
  const read = async (path: string): Promise<InstanceReading> => {
    if (path.endsWith('1')) throw new AppError('internal', 'crashed')
    return await readReceived(path)
  }
  const { reception, committed, staged } = held(t, { reader: { read, alone: async body => await body() } })
  for (const sop of ['1.2.3.0', '1.2.3.1', '1.2.3.2']) await reception.receive(body(sop))
  const outcomes = await reception.finish()
  t.match(outcomes, [{ kind: 'stored' }, { kind: 'failed', reason: 'processing-failure', comment: 'internal error' }, { kind: 'stored' }])
  t.strictSame((await staged()).sort(), ['0', '2'])
  t.equal(committed.length, 1)

  const full = held(t, {
    archive: {
      stage: async () => {
        const staging = openStaging(join(mkdtempSync(join(tmpdir(), 'tuberlens-')), 'file'))
        const seal = async (): Promise<never> => await Promise.reject(new AppError('out-of-resources', 'the data folder cannot be written'))
        return { path: staging.path, writable: staging.writable, discard: async () => { await staging.discard() }, seal }
      },
      commit: async () => await Promise.resolve([]),
    },
    reader: { read: readReceived, alone: async body => await body() },
  })
  await full.reception.receive(body('1.2.3.3'))
  t.match(await full.reception.finish(), [{ kind: 'failed', reason: 'out-of-resources' }])
  t.equal(full.reception.bytes, 0)
})

t.test('more than a hundred instances are committed in several batches', async t => {
  const { reception, committed } = held(t, { reader: { read: readReceived, alone: async body => await body() } })
  for (let i = 0; i < 103; i++) await reception.receive(body(`1.2.3.${i}`))
  await reception.finish()
  t.strictSame(committed.map(batch => batch.length), [100, 3])
})
