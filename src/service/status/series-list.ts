import type { IgnoredSeries, SeriesRow, SeriesState } from '../../archive/series-table.ts'
import { ageText, timeText, uidText } from './format.ts'
import { type Content, html } from './html.ts'
import { stateBadge } from './job-list.ts'
import { layout, type Site, table } from './layout.ts'
import { count, ignoreWords, seriesWords } from './words.ts'

/** Series as a table; the reason is why it was closed, or what it waits for. */
export function seriesTable (site: Site, caption: string, series: readonly SeriesRow[], empty: string): Content {
  const { root, now } = site
  return table(caption, ['Series', 'State', 'Instances', 'Last came', 'Why'], series.map(row => [
    html`<a href="${root}/status/series/${row.seriesInstanceUid}">${uidText(row.seriesInstanceUid)}</a>`,
    stateBadge(row.state, seriesWords[row.state]),
    instancesText(row),
    html`${timeText(row.lastAt)} ${ageText(now - row.lastAt)}`,
    whyText(row),
  ]), empty)
}

const whyWords: Readonly<Record<string, string>> = {
  quiet: 'nothing more came', 'on demand': 'a person wanted it now', 'all that the PACS has': 'all that the PACS has is here',
}

/** Why it was closed, or what it waits for. */
export function whyText ({ why, state }: SeriesRow): string {
  return why === undefined ? (state === 'OPEN' ? 'more may come' : '') : whyWords[why] ?? why
}

/** `20`, or `18 of 20` where more is expected. */
export function instancesText ({ held, ignored, expectedByPacs, expectedByHeader }: SeriesRow): string {
  const expected = expectedByPacs ?? expectedByHeader
  return expected > held + ignored ? `${held} of ${expected}` : String(held)
}

export interface SeriesList {
  readonly series: readonly SeriesRow[]
  readonly ignored: readonly IgnoredSeries[]
  readonly state: SeriesState | undefined
  readonly offset: number
  /** Offset of the next page. */
  readonly next: number | undefined
}

/** All series; the way to "why was this one not taken?". */
export function seriesListPage (site: Site, { series, ignored, state, offset, next }: SeriesList): string {
  const { root } = site
  const query = (from: number): string => `${root}/status/series?${state === undefined ? '' : `state=${state}&`}offset=${from}`
  const body = html`
<p>Open a series to see whether it was analysed, and why not. To try it for images that are not here, use <a href="${root}/status/selection">Try selection</a>.</p>
<form method="get" action="${root}/status/series/find" role="search">
<label for="uid">Series Instance UID</label> <input id="uid" name="uid" size="40" required pattern="[0-9.]+"> <button type="submit">Find</button></form>
${seriesTable(site, state === undefined ? 'Series, newest first' : `Series: ${seriesWords[state].toLowerCase()}`, series, 'There is no such series.')}
${pager(offset > 0 ? query(0) : undefined, next === undefined ? undefined : query(next))}
${offset === 0 && state === undefined && html`<h2>Series of which nothing was kept</h2>
${table('Accepted and dropped within the last day', ['Series', 'Instances', 'Last came', 'Why'], ignored.map(one => [
  html`<a href="${root}/status/series/${one.seriesInstanceUid}">${uidText(one.seriesInstanceUid)}</a>`,
  one.count, timeText(one.lastAt), ignoreWords[one.why],
]), 'There is none.')}
${ignored.length > 0 && html`<p class="soft">${count(ignored.length, 'series', 'series')}: objects that are not for this service are accepted, so that senders need no exception for them.</p>`}`}`
  return layout(site, { title: 'Series', section: '/series', body, live: true })
}

/** Links to the newest and to the older ones. */
export function pager (first: string | undefined, next: string | undefined): Content {
  return (first !== undefined || next !== undefined) && html`<nav class="pages" aria-label="Older and newer">
${first !== undefined && html`<a href="${first}">Newest</a>`}${next !== undefined && html`<a href="${next}" rel="next">Older</a>`}</nav>`
}
