import type { PartOutcome } from '../../dicomweb/store-response.ts'
import { type Content, html } from './html.ts'
import { layout, notice, type Site, table } from './layout.ts'
import { count } from './words.ts'

/** A form for DICOM files, and after an upload what became of them. */
export function uploadPage (site: Site, outcomes?: readonly PartOutcome[]): string {
  const body = html`${outcomes && uploaded(site, outcomes)}
<p>DICOM files of MR series, as if a PACS had sent them. A series is analysed when nothing more of it comes for a while.</p>
<form method="post" action="${site.root}/status/upload" enctype="multipart/form-data">
<label for="files">Files</label><input id="files" type="file" name="files" multiple required><button type="submit">Upload</button></form>`
  return layout(site, { title: 'Upload', section: '/upload', body })
}

function uploaded ({ root }: Site, outcomes: readonly PartOutcome[]): Content {
  const stored = outcomes.filter(outcome => outcome.kind === 'stored' && outcome.retrieveUrl !== undefined).length
  const failures = new Map<string, number>()
  for (const outcome of outcomes) if (outcome.kind === 'failed') failures.set(outcome.comment, (failures.get(outcome.comment) ?? 0) + 1)
  const ignored = outcomes.filter(outcome => outcome.kind === 'stored').length - stored
  return html`${notice(failures.size === 0 && outcomes.length > 0 ? 'good' : 'bad', html`<p>${count(stored, 'file')} stored${ignored > 0 && `, ${ignored} not kept because they are not for this service`}${
    failures.size > 0 && `, ${[...failures.values()].reduce((sum, n) => sum + n, 0)} refused`}${outcomes.length === 0 && ': the form held no file'}.</p>
<p><a href="${root}/status/series">See the series</a></p>`)}
${failures.size > 0 && table('Refused files', ['Files', 'Why'], [...failures].map(([why, n]) => [n, why]), '')}`
}
