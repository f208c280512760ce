import type { DestinationReport } from '../../archive/delivery-report.ts'
import type { JobDetail } from '../job-detail.ts'
import { isUid } from '../../dicom/uid.ts'
import { timeText, uidText } from './format.ts'
import { type Content, html } from './html.ts'
import { stateBadge } from './job-list.ts'
import { button, layout, notice, type Site, table } from './layout.ts'
import { rejectedTable, sliceChart } from './slice-chart.ts'
import { adviceFor, count, deliveryTodo, deliveryWords, jobKinds, jobWords } from './words.ts'

export interface JobPage {
  readonly detail: JobDetail
  /** Of a report: the analyses that it stands on, with what they found. */
  readonly analyses: readonly JobDetail[]
  /** What was just done to it. */
  readonly done: 'retry' | 'cancel' | undefined
}

const doneWords = { retry: 'The job is tried again.', cancel: 'The job was canceled.' } as const

/** One job: what happened when, what was found, where its results are. */
export function jobPage (site: Site, { detail, analyses, done }: JobPage): string {
  const { job, timeline, findings, conclusion, deliveries } = detail
  const { root } = site
  const ended = job.state === 'DEAD' || job.state === 'CANCELED'
  const advice = ended ? adviceFor(job) : undefined
  const retry = job.state === 'DEAD' || (job.state === 'CANCELED' && job.errorCode === 'canceled')
  const body = html`
${done !== undefined && notice('good', html`<p>${doneWords[done]}</p>`)}
${advice && notice('bad', html`<p>${advice.what}</p><p>What to do: ${advice.todo}</p>`)}
<dl><dt>What</dt><dd>${jobKinds[job.kind]}</dd><dt>State</dt><dd>${stateBadge(job.state, jobWords[job.state])}</dd>
${conclusion && html`<dt>Result</dt><dd>Tubers ${conclusion} <span class="soft">by algorithm, research use only</span></dd>`}
<dt>Study</dt><dd>${isUid(job.studyInstanceUid) ? html`<code>${job.studyInstanceUid}</code>` : 'removed'}</dd>
${job.kind === 'analyse' && isUid(job.subject) && html`<dt>Series</dt><dd><a href="${root}/status/series/${job.subject}"><code>${job.subject}</code></a></dd>`}
<dt>Attempts</dt><dd>${job.attempt}${job.crashes > 0 && `, ${count(job.crashes, 'crash', 'crashes')}`}</dd>
${job.errorCode !== undefined && html`<dt>Last error</dt><dd>${job.errorCode}${job.errorText !== undefined && `: ${job.errorText}`}</dd>`}</dl>
${retry && button(`${root}/status/jobs/${job.id}/retry`, deliveries.length > 0 ? 'Send again' : 'Try again')}
${job.state === 'QUEUED' && button(`${root}/status/jobs/${job.id}/cancel`, 'Cancel')}
<h2>Timeline</h2>
<ol class="timeline">${timeline.map(({ at, state, attempt, errorCode }) => html`<li>${timeText(at)} ${jobWords[state]}${attempt > 0 && state === 'RUNNING' && `, attempt ${attempt}`}${errorCode !== undefined && ` (${errorCode})`}</li>`)}</ol>
${findings && html`<h2>Slices</h2><p>${findings.selection.selected ? 'Selected' : 'Left out'}: ${findings.selection.text}. <span class="soft">Model ${findings.model.name} ${findings.model.version}, ${findings.model.engine}.</span></p>
${sliceChart(findings)}${rejectedTable(findings)}`}
${analyses.map(analysis => analysisPart(site, analysis))}
${gallery(site, detail)}
${job.kind === 'report' && html`<h2>Deliveries</h2>${deliveries.length === 0
  ? html`<p class="empty">There is nothing to deliver: no destination is configured for it, or no series was selected. Results stay here and can be retrieved.</p>`
  : deliveries.map(report => deliveryTable(report))}`}`
  return layout(site, { title: `Job ${job.id}`, section: '/jobs', body, live: true })
}

function analysisPart ({ root }: Site, { job, findings }: JobDetail): Content {
  return html`<h2>Series ${uidText(job.subject)}</h2>
<p><a href="${root}/status/jobs/${job.id}">Job ${job.id}</a>${findings && html`: ${findings.selection.selected ? 'selected' : 'left out'}, ${findings.selection.text}.`}</p>
${findings && sliceChart(findings)}`
}

/** In the order in which people look at them. */
const kindWords: Readonly<Record<string, string>> = { summary: 'Summary', 'grad-cam': 'Grad-CAM', saliency: 'Saliency', evidence: 'Evidence map' }

function gallery ({ root }: Site, { results }: JobDetail): Content {
  const kinds = [...new Set([...Object.keys(kindWords), ...results.map(({ kind }) => kind)])]
  return kinds.map(kind => {
    const pictures = results.filter(result => result.kind === kind && result.frames > 0 && kind !== 'parametric-map')
    const name = kindWords[kind] ?? kind
    return pictures.length > 0 && html`<h2>${name}</h2><ul class="gallery">${pictures.map((picture, i) => {
      const url = `${root}/dicom-web/studies/${picture.studyInstanceUid}/series/${picture.seriesInstanceUid}/instances/${picture.sopInstanceUid}`
      return html`<li><a href="${url}/rendered"><img src="${url}/thumbnail" width="128" height="128" loading="lazy" alt=""><span>${name} ${i + 1}</span></a></li>`
    })}</ul>`
  })
}

function deliveryTable ({ destination, objects }: DestinationReport): Content {
  const by = new Map<string, { readonly rows: typeof objects[number][] }>()
  for (const object of objects) {
    const key = [object.state, object.http, object.failureReason, object.error].join()
    if (!by.has(key)) by.set(key, { rows: [] })
    by.get(key)!.rows.push(object)
  }
  return table(`Destination ${destination}`, ['Objects', 'State', 'Last answer', 'Attempts', 'What to do'], [...by.values()].map(({ rows }) => {
    const [first] = rows
    const { state, http, failureReason, error } = first!
    const reason = failureReason === undefined ? '' : `, reason 0x${failureReason.toString(16).toUpperCase().padStart(4, '0')}`
    const answer = http === undefined ? error ?? '–' : `HTTP ${http}${reason}${error === undefined ? '' : `: ${error}`}`
    return [rows.length, stateBadge(state, deliveryWords[state]), answer, Math.max(...rows.map(({ attempt }) => attempt)), error === undefined ? '' : deliveryTodo(error) ?? '']
  }), '')
}
