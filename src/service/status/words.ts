import type { IgnoreReason } from '../../archive/archive.ts'
import type { DeliveryState } from '../../archive/delivery-table.ts'
import type { Job, JobKind, JobState } from '../../archive/job-table.ts'
import type { SeriesState } from '../../archive/series-table.ts'
import type { DestinationState } from '../../workflow/destination-state.ts'

/** Words for people, in one place. */
export const jobKinds: Readonly<Record<JobKind, string>> = { analyse: 'Analysis of a series', report: 'Report of a study' }

export const jobWords: Readonly<Record<JobState, string>> = {
  QUEUED: 'Waiting',
  RUNNING: 'Running',
  ANALYSED: 'Analysed',
  DELIVERING: 'On its way',
  DONE: 'Done',
  DEAD: 'Failed',
  CANCELED: 'Canceled',
}

export const seriesWords: Readonly<Record<SeriesState, string>> = {
  OPEN: 'Arriving',
  COMPLETE: 'Complete',
  FORCED: 'Closed incomplete',
  SKIPPED: 'Left out, incomplete',
}

export const deliveryWords: Readonly<Record<DeliveryState, string>> = {
  PENDING: 'to be sent',
  SENT: 'sent, not seen there yet',
  VERIFIED: 'there',
  DEAD: 'given up',
}

export const ignoreWords: Readonly<Record<IgnoreReason, string>> = {
  'own-result': 'results of tuberlens itself, which are never analysed',
  'not-mr': 'not MR',
  'not-an-image': 'no images',
  localizer: 'localizers',
}

export const verdictWords = {
  positive: 'at or above the threshold',
  negative: 'below the threshold',
  undetermined: 'undetermined',
  failed: 'could not be used',
  rejected: 'left out',
} as const

/** What happened, and what a person can do about it. */
export interface Advice { readonly what: string, readonly todo: string }

const model: Advice = {
  what: 'The model or its engine cannot be loaded.',
  todo: 'Check TUBERLENS_MODEL_DIR and TUBERLENS_ENGINE and start the service again, then try the job again.',
}
const unreadable: Advice = {
  what: 'Images of the series cannot be read.',
  todo: 'Send the series again from the PACS, uncompressed if possible, and look at one of its images in a viewer.',
}

const jobAdvice: Readonly<Record<string, Advice>> = {
  'engine-failed': {
    what: 'The analysis process ended or hung while it worked on this job.',
    todo: 'Check that the machine has enough memory, then try the job again. If it fails with the same series only, that series is the cause.',
  },
  'engine-unavailable': model,
  'model-not-found': model,
  'model-invalid': model,
  'out-of-resources': { what: 'There is no room left in the data folder.', todo: 'Make room on its disk. The job goes on by itself.' },
  'not-found': {
    what: 'Instances that the job needs were removed.', todo: 'Send the series again from the PACS; it is then analysed anew.',
  },
  'remote-refused': {
    what: 'A destination did not take all results.',
    todo: 'The table of deliveries says which and why. Correct the cause there, then send them again.',
  },
  'remote-unreachable': { what: 'A destination does not answer.', todo: 'Test the destination. Results are sent again by themselves.' },
  'pixel-decode-failed': unreadable,
  'pixel-decode-timeout': unreadable,
  'pixel-data-invalid': unreadable,
  'dicom-malformed': unreadable,
  'dicom-truncated': unreadable,
  'input-unreadable': unreadable,
  canceled: { what: 'A person canceled it.', todo: 'Try it again if that was a mistake.' },
  superseded: { what: 'More of the series came: a newer job took its place.', todo: 'Nothing.' },
  erased: { what: 'The study was erased.', todo: 'Nothing.' },
}

/** Of a job that did not end well; `undefined` for others. */
export function adviceFor (job: Pick<Job, 'errorCode' | 'errorText'>): Advice | undefined {
  const { errorCode, errorText } = job
  if (errorCode === undefined) return undefined
  return jobAdvice[errorCode] ?? { what: `It failed: ${errorText ?? errorCode}.`, todo: 'Try it again. If it fails again, the log of the service says more.' }
}

const deliveryAdvice: Readonly<Record<string, string>> = {
  unreachable: 'The destination does not answer: test it. It is tried again by itself.',
  unauthorized: 'The destination refuses the credentials: correct them in the configuration.',
  'not-authorized': 'The destination does not permit this user to store: ask its administrator.',
  'wrong-address': 'The destination knows no such address: correct its URL.',
  refused: 'The destination does not accept this kind of object: ask its administrator to allow the SOP class, or leave it out of what is sent there.',
  'bad-request': 'The destination calls the request wrong: its log says why.',
  'too-large': 'The destination does not accept objects of this size: ask its administrator to raise the limit.',
  'out-of-resources': 'The destination has no room: ask its administrator. It is tried again by itself.',
  'unreadable-file': 'The file is not here any more: process the series again.',
  deadline: 'The destination did not take it in time: test it, then send again.',
  erased: 'The study was erased here.',
}

/** What to do about the error of one object; the part before a colon decides. */
export function deliveryTodo (error: string): string | undefined { return deliveryAdvice[error.replace(/:.*/, '')] }

/** What is wrong with a destination, if anything is. */
export function destinationTrouble ({ configured, breaker, dead, pending }: DestinationState): Advice | undefined {
  if (!configured) {
    return pending === 0
      ? undefined
      : { what: `${count(pending, 'object')} wait for it, and it is not configured any more.`, todo: 'Put it back into the configuration, or cancel what waits.' }
  }
  if (breaker !== 'closed') return { what: 'It does not answer as it should; it is asked again once a minute.', todo: 'Test it, and look at its log and the network.' }
  return dead === 0 ? undefined : { what: `The delivery of ${count(dead, 'object')} was given up.`, todo: 'Open the failed jobs, correct the cause and send again.' }
}

/** `1 image`, `2 images`. */
export function count (n: number, noun: string, plural = `${noun}s`): string { return `${n.toLocaleString('en')} ${n === 1 ? noun : plural}` }
