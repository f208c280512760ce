import { type Job, type JobState, jobStates } from '../../archive/job-table.ts'
import { html } from './html.ts'
import { jobTable } from './job-list.ts'
import { layout, type Site } from './layout.ts'
import { pager } from './series-list.ts'
import { jobWords } from './words.ts'

export interface JobsPage {
  readonly jobs: readonly Job[]
  readonly state: JobState | undefined
  readonly cursor: number | undefined
  readonly next: number | undefined
}

/** All jobs, a page at a time. */
export function jobsPage (site: Site, { jobs, state, cursor, next }: JobsPage): string {
  const at = (to: JobState | undefined, from?: number): string => {
    const given = { ...(to && { state: to }), ...(from !== undefined && { cursor: String(from) }) }
    const query = new URLSearchParams(given).toString()
    return `${site.root}/status/jobs${query === '' ? '' : `?${query}`}`
  }
  const current = html` aria-current="page"`
  const filters = [undefined, ...jobStates].map(one =>
    html`<li><a href="${at(one)}"${one === state && current}>${one === undefined ? 'All' : jobWords[one]}</a></li>`)
  const body = html`
<nav aria-label="Jobs by state"><ul>${filters}</ul></nav>
${jobTable(site, state === undefined ? 'Jobs, newest first' : `Jobs: ${jobWords[state].toLowerCase()}`, jobs, 'There is no such job.')}
${pager(cursor === undefined ? undefined : at(state), next === undefined ? undefined : at(state, next))}`
  return layout(site, { title: 'Jobs', section: '/jobs', body, live: true })
}
