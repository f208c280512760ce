import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import type { Jobs } from '../../src/analysis/jobs.ts'
import type { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import type { StoreOutcome } from '../../src/dicomweb/store-outcome.ts'
import type { StoreFile } from '../../src/dicomweb/stow-client.ts'
import { AppError } from '../../src/errors.ts'
import type { AnalysisService } from '../../src/workflow/analysis-process.ts'
import type { ResultDestination } from '../../src/workflow/destination.ts'
import type { WorkflowEvent } from '../../src/workflow/events.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import { Workflow } from '../../src/workflow/workflow.ts'
import type { WorkflowOptions } from '../../src/workflow/workflow.ts'
import type { Clock } from './archive.ts'
import { openJobs } from './fake-jobs.ts'

interface Owner { teardown: (body: () => unknown) => void }

/** The folder by which the fake analysis is told what to do. */
export class Control {
  readonly folder: string
  constructor (t: Owner) {
    this.folder = mkdtempSync(join(tmpdir(), 'tuberlens-control-'))
    mkdirSync(this.folder, { recursive: true })
    t.teardown(() => { rmSync(this.folder, { recursive: true, force: true }) })
  }

  tell (what: string): void { writeFileSync(join(this.folder, what), '') }
  untell (what: string): void { rmSync(join(this.folder, what), { force: true }) }
  /** Lines that the analysis wrote: one a call, and what the report was told. */
  calls (beginning = ''): string[] {
    const path = join(this.folder, 'calls')
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(line => line !== '' && line.startsWith(beginning)) : []
  }
}

/** The fake analysis in this process: fast, for all that is not about the process. */
export function fakeAnalysis (control: Control): AnalysisService {
  const jobs: Promise<Jobs> = openJobs({ modelDir: control.folder, engine: 'auto', methods: [] })
  return {
    analyzeSeries: async job => await (await jobs).analyzeSeries(job),
    buildReport: async job => await (await jobs).buildReport(job),
    close: async () => undefined,
  }
}

type Answer = Omit<StoreOutcome, 'sopInstanceUid'>
export const answers = {
  stored: { verdict: 'sent', cause: 'stored', alert: false, http: 200 },
  unreachable: { verdict: 'retry', cause: 'unreachable', alert: false },
} as const satisfies Record<string, Answer>

/** A PACS in memory: keeps what it is sent, and answers as it is told. */
export class FakePacs implements ResultDestination {
  readonly id: string
  verify = true
  /** All files that it was sent and took, in order, by SOP Instance UID. */
  readonly taken: { readonly sop: string, readonly sopClass: string, readonly bytes: Buffer }[] = []
  requests = 0
  looks = 0
  /** What it answers for a file; `keep` tells whether it takes it. */
  answer: (file: StoreFile) => { readonly outcome: Answer, readonly keep: boolean } = () => ({ outcome: answers.stored, keep: true })
  canBeAsked = true

  constructor (id = 'pacs') { this.id = id }

  get sops (): Set<string> { return new Set(this.taken.map(({ sop }) => sop)) }

  async store (files: readonly StoreFile[]): Promise<StoreOutcome[]> {
    this.requests++
    const outcomes: StoreOutcome[] = []
    for (const file of files) {
      const { outcome, keep } = this.answer(file)
      if (keep) this.taken.push({ sop: file.sopInstanceUid, sopClass: file.sopClassUid, bytes: await readFile(file.path) })
      outcomes.push({ ...outcome, sopInstanceUid: file.sopInstanceUid })
    }
    return outcomes
  }

  async held (): Promise<ReadonlySet<string>> {
    this.looks++
    if (!this.canBeAsked) throw new AppError('remote-unreachable', 'no answer')
    return this.sops
  }
}

/** A workflow on a clock that stands still; `events` grows as it works. */
export function testWorkflow (
  t: Owner, archive: SqliteArchive, clock: Clock, control: Control, options: Partial<WorkflowOptions> = {},
): { workflow: Workflow, events: WorkflowEvent[] } {
  const events: WorkflowEvent[] = []
  const workflow = new Workflow({
    archive,
    analysis: fakeAnalysis(control),
    destinations: [],
    report: {
      context: {
        software: { manufacturer: 'tuberlens', modelName: 'tuberlens', version: '0', stationName: 'T' }, srSopClass: '88.34', scModality: 'MR',
      },
      methods: ['grad-cam'],
    },
    settings: defaultWorkflowSettings,
    now: clock.now,
    random: () => 0.5,
    onEvent: event => { events.push(event) },
    ...options,
  })
  t.teardown(async () => { await workflow.stop(0) })
  return { workflow, events }
}

/** Lets time pass in steps of a second of the fake clock, with a tick and all its work in each. */
export async function live (workflow: Workflow, clock: Clock, seconds: number, step = 1): Promise<void> {
  for (let passed = 0; passed < seconds; passed += step) {
    clock.pass(step * 1000)
    await settle(workflow)
  }
}

/** Ticks until nothing is going on at this instant. */
export async function settle (workflow: Workflow): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await workflow.tick()
    await workflow.idle()
  }
}
