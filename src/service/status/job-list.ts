import type { Job } from '../../archive/job-table.ts'
import { isUid } from '../../dicom/uid.ts'
import { ageText, timeText, uidText } from './format.ts'
import { type Content, html } from './html.ts'
import { type Site, table } from './layout.ts'
import { jobKinds, jobWords } from './words.ts'

/** A job's state as a badge. */
export function stateBadge (state: string, words: string): Content {
  return html`<span class="state state-${state}">${words}</span>`
}

/** Jobs as a table. */
export function jobTable ({ root, now }: Site, caption: string, jobs: readonly Job[], empty: string): Content {
  return table(caption, ['Job', 'What', 'Of', 'State', 'Attempts', 'Since'], jobs.map(job => [
    html`<a href="${root}/status/jobs/${job.id}">${job.id}</a>`,
    jobKinds[job.kind],
    // a hash once the study is gone
    isUid(job.subject) ? uidText(job.subject) : 'removed',
    stateBadge(job.state, jobWords[job.state]),
    job.attempt,
    html`${timeText(job.updatedAt)} ${ageText(now - job.updatedAt)}`,
  ]), empty)
}
