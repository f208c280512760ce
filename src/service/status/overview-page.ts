import type { Job } from '../../archive/job-table.ts'
import type { SeriesRow } from '../../archive/series-table.ts'
import type { DestinationState } from '../../workflow/destination-state.ts'
import type { AnalysisIdentity } from '../context.ts'
import { type Content, html } from './html.ts'
import { jobTable } from './job-list.ts'
import { button, layout, notice, type Site } from './layout.ts'
import { seriesTable } from './series-list.ts'
import { adviceFor, count, destinationTrouble, jobKinds } from './words.ts'

export interface Overview {
  readonly counts: { readonly series: Readonly<Record<string, number>>, readonly jobs: Readonly<Record<string, number>> }
  readonly arriving: readonly SeriesRow[]
  /** Waiting, running and on their way. */
  readonly active: readonly Job[]
  readonly dead: readonly Job[]
  readonly finished: readonly Job[]
  readonly destinations: readonly DestinationState[]
  /** Codes of the checks that /readyz fails now. */
  readonly notReady: readonly { readonly name: string, readonly reason: string }[]
  readonly analysis: AnalysisIdentity | undefined
}

/** What is arriving, running, delivered, and stuck: why, and what to do. */
export function overviewPage (site: Site, overview: Overview): string {
  const { counts, arriving, active, dead, finished, destinations, analysis } = overview
  const { root } = site
  const of = (...states: string[]): number => states.reduce((sum, state) => sum + (counts.jobs[state] ?? 0), 0)
  const objects = destinations.reduce((sum, { pending }) => sum + pending, 0)
  const troubles = [...notReadyTroubles(overview), ...destinationTroubles(site, destinations), ...jobTroubles(site, dead)]
  const body = html`
${troubles.length === 0 ? notice('good', html`<p>All is well: nothing is stuck.</p>`) : ''}
<ul class="cards">
${card(`${root}/status/series?state=OPEN`, counts.series['OPEN'] ?? 0, 'series arriving')}
${card(`${root}/status/jobs?state=QUEUED`, of('QUEUED', 'RUNNING'), 'jobs waiting or running')}
${card(`${root}/status/jobs?state=DELIVERING`, objects, 'objects on their way')}
${card(`${root}/status/jobs?state=DONE`, of('DONE'), 'jobs done')}
${card(`${root}/status/jobs?state=DEAD`, of('DEAD'), 'jobs failed', of('DEAD') > 0)}
</ul>
${troubles.length > 0 && html`<section aria-labelledby="stuck"><h2 id="stuck">Needs attention</h2>${troubles}
${of('DEAD') > dead.length && html`<p><a href="${root}/status/jobs?state=DEAD">All ${of('DEAD')} failed jobs</a></p>`}</section>`}
<section aria-labelledby="arriving"><h2 id="arriving">Arriving</h2>
${seriesTable(site, 'Series that are still coming, newest first', arriving, 'No series is arriving.')}</section>
<section aria-labelledby="work"><h2 id="work">In work</h2>
${jobTable(site, 'Jobs that wait, run or deliver', active, 'Nothing waits and nothing runs.')}</section>
<section aria-labelledby="done"><h2 id="done">Lately done</h2>
${jobTable(site, 'The last reports that reached their destinations', finished, 'No report is done yet.')}
<p><a href="${root}/status/jobs">All jobs</a> · <a href="${root}/status/series">All series, and why one was not taken</a></p></section>
${analysis && html`<p class="soft">Model ${analysis.model} ${analysis.version}, computed by ${analysis.engine}.</p>`}`
  return layout(site, { title: 'Overview', section: '', body, live: true })
}

function card (href: string, value: number, label: string, alarm = false): Content {
  return html`<li${alarm && html` class="alarm"`}><a href="${href}"><strong>${value.toLocaleString('en')}</strong><span>${label}</span></a></li>`
}

function trouble (heading: Content, what: string, todo: string, action?: Content): Content {
  return html`<article class="trouble"><p><strong>${heading}</strong></p><p>${what}</p><p>What to do: ${todo}</p>${action}</article>`
}

const checkTodo: Readonly<Record<string, string>> = {
  storage: 'Make room on the disk of the data folder, and check that the service may write there.',
  workflow: 'The analysis process cannot be started: check memory, TUBERLENS_MODEL_DIR and TUBERLENS_ENGINE, and the log of the service.',
}

function notReadyTroubles ({ notReady }: Overview): Content[] {
  return notReady.map(({ name, reason }) =>
    trouble(`The service is not ready: ${name}`, `The check answers ${reason}.`, checkTodo[name] ?? 'The log of the service says more.'))
}

function destinationTroubles ({ root }: Site, destinations: readonly DestinationState[]): Content[] {
  return destinations.flatMap(destination => {
    const advice = destinationTrouble(destination)
    if (advice === undefined) return []
    const { id, pending, configured } = destination
    const waiting = pending > 0 && configured ? ` ${count(pending, 'object')} wait for it.` : ''
    const test = configured && button(`${root}/status/destinations/${encodeURIComponent(id)}/test`, 'Test it', `destination ${id}`)
    return [trouble(html`Destination <a href="${root}/status/destinations">${id}</a>`, advice.what + waiting, advice.todo, test)]
  })
}

function jobTroubles ({ root }: Site, dead: readonly Job[]): Content[] {
  return dead.map(job => {
    const { what, todo } = adviceFor(job) ?? { what: 'It failed.', todo: 'Try it again.' }
    const heading = html`<a href="${root}/status/jobs/${job.id}">Job ${job.id}</a>: ${jobKinds[job.kind].toLowerCase()}`
    return trouble(heading, what, todo, button(`${root}/status/jobs/${job.id}/retry`, 'Try again', `job ${job.id}`))
  })
}
