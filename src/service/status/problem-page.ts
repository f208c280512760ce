import type { Problem } from '../problems.ts'
import { html } from './html.ts'
import { layout, notice, type Site } from './layout.ts'

/** What went wrong, for people. */
export function problemPage (site: Site, { status, title, detail, requestId }: Problem): string {
  const body = html`${notice('bad', html`<p>${detail}.</p>`)}
<p><a href="${site.root}/status">Back to the overview</a></p><p class="soft">Status ${status}, request ${requestId}.</p>`
  return layout(site, { title, section: '', body })
}
