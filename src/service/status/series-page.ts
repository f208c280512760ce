import type { SeriesDetail } from '../series-detail.ts'
import { timeText } from './format.ts'
import { type Content, html } from './html.ts'
import { stateBadge } from './job-list.ts'
import { button, layout, notice, type Site } from './layout.ts'
import { instancesText, whyText } from './series-list.ts'
import { rejectedTable, sliceChart } from './slice-chart.ts'
import { adviceFor, count, ignoreWords, jobWords, seriesWords } from './words.ts'

/** One series: why it was taken, or why not. */
export function seriesPage (site: Site, detail: SeriesDetail): string {
  const { seriesInstanceUid, row, job, findings } = detail
  const { root } = site
  const running = job?.state === 'QUEUED' || job?.state === 'RUNNING'
  const body = html`
<dl><dt>Series</dt><dd><code>${seriesInstanceUid}</code></dd>
${row && html`<dt>Study</dt><dd><code>${row.studyInstanceUid}</code></dd>
<dt>State</dt><dd>${stateBadge(row.state, seriesWords[row.state])} ${whyText(row)}</dd>
<dt>Instances</dt><dd>${instancesText(row)}</dd><dt>Last came</dt><dd>${timeText(row.lastAt)}</dd>`}
${job && html`<dt>Analysis</dt><dd><a href="${root}/status/jobs/${job.id}">Job ${job.id}</a> ${stateBadge(job.state, jobWords[job.state])}</dd>`}</dl>
<h2>${findings?.selection.selected === true ? 'Why it was analysed' : 'Why it was not analysed'}</h2>
${explanation(detail)}
${findings && rejectedTable(findings)}
${findings && findings.notes.length > 0 && html`<h3>Notes</h3><ul>${findings.notes.map(note => html`<li>${note}</li>`)}</ul>`}
${row && (running
  ? html`<p class="soft">Its analysis is ${jobWords[job.state].toLowerCase()}.</p>`
  : button(`${root}/status/series/${seriesInstanceUid}/process`, row.state === 'OPEN' ? 'Analyse now, as it is' : 'Analyse once more'))}
${findings?.selection.selected === true && html`<h2>Probabilities</h2>${sliceChart(findings)}`}`
  return layout(site, { title: 'Series', section: '/series', body, live: true })
}

function explanation ({ row, ignored, job, findings }: SeriesDetail): Content {
  const dropped = ignored.length > 0 && html`<p>Accepted and not kept: ${ignored.map(({ why, count: n }, i) =>
    html`${i > 0 && ', '}${count(n, 'instance')} (${ignoreWords[why]})`)}.</p>`
  if (row === undefined) return html`${notice('bad', html`<p>Nothing of this series was kept.</p>`)}${dropped}`
  if (findings !== undefined) {
    const { selected, text } = findings.selection
    return html`<p>${selected ? 'It was selected' : 'It was left out'}: ${text}.</p>${dropped}`
  }
  if (row.state === 'OPEN') return html`<p>It is still arriving: ${whyText(row)}.</p>${dropped}`
  if (row.state === 'SKIPPED') return html`<p>It stayed incomplete (${row.why}), and incomplete series are left out here (TUBERLENS_ON_INCOMPLETE).</p>${dropped}`
  const advice = job && adviceFor(job)
  return html`<p>${advice === undefined ? 'It is not analysed yet.' : `${advice.what} What to do: ${advice.todo}`}</p>${dropped}`
}
