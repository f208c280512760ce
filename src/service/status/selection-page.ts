import type { DryRun, DryRunSeries } from '../dry-run.ts'
import { type Content, html } from './html.ts'
import { layout, notice, type Site, table } from './layout.ts'
import { uidText } from './format.ts'
import { count, ignoreWords } from './words.ts'

/** A form that tells which series would be analysed, and afterwards its answer. */
export function selectionPage (site: Site, result?: DryRun): string {
  const body = html`${result && answer(result)}
<p>Choose images, or their metadata as DICOM JSON (what WADO-RS answers for <code>/metadata</code>). The page says which series would be analysed and why the others would not. Nothing is kept.</p>
<form method="post" action="${site.root}/status/selection" enctype="multipart/form-data">
<label for="files">DICOM or DICOM JSON files</label><input id="files" type="file" name="files" multiple required><button type="submit">Try</button></form>`
  return layout(site, { title: 'Try selection', section: '/selection', body })
}

function answer ({ series, ignored }: DryRun): Content {
  const taken = series.filter(({ verdict }) => verdict === 'selected').length
  const reasons = new Map<string, number>()
  for (const { why } of ignored) reasons.set(ignoreWords[why], (reasons.get(ignoreWords[why]) ?? 0) + 1)
  return html`${notice('plain', html`<p>${taken} of ${count(series.length, 'series', 'series')} would be analysed.</p>`)}
${series.map(described)}
${reasons.size > 0 && table('Images that would be accepted and not kept', ['Images', 'Why'], [...reasons].map(([why, n]) => [n, why]), '')}`
}

function described ({ seriesInstanceUid, verdict, reason, groups, notes, evidence }: DryRunSeries): Content {
  const what = groups.map(({ contrast, slices }) => `${contrast}, ${count(slices, 'slice')}`).join('; ')
  return html`<section><h2>Series ${uidText(seriesInstanceUid)}: ${verdict === 'selected' ? 'would be analysed' : 'would be left out'}</h2>
<p>${reason.text}${what !== '' && ` (${what})`}.</p>${notes.length > 0 && html`<ul>${notes.map(note => html`<li>${note}</li>`)}</ul>`}
${table('Attributes that decided', ['Attribute', 'Value', 'Rule'], evidence.map(({ attribute, value, rule }) => [attribute, value, rule]), 'No single attribute decided.')}</section>`
}
