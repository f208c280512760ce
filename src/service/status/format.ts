import type { Markup } from './html.ts'
import { html } from './html.ts'

/** Date and time; the script shows it in the reader's own time zone. */
export function timeText (ms: number): Markup {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`
}

/** How long ago, in brackets. */
export function ageText (ms: number): Markup { return html`<span class="soft age">(${durationText(ms)})</span>` }

/** `12 s`, `3 min`, `5 h`, `2 days`. */
export function durationText (ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 120) return `${s} s`
  if (s < 7200) return `${Math.round(s / 60)} min`
  return s < 172_800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`
}

/** A long UID in a table: its end tells one from another. The whole of it is in the title. */
export function uidText (uid: string): Markup {
  return html`<code class="short" title="${uid}">${uid.length > 16 ? `…${uid.slice(-12)}` : uid}</code>`
}
