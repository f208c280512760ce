import { type Content, html } from './html.ts'

/** Where links begin: the path of the public URL, so that the page works behind a proxy too. No slash at its end. */
export interface Site { readonly root: string, readonly now: number }

const pages = [
  ['', 'Overview'], ['/jobs', 'Jobs'], ['/series', 'Series'], ['/destinations', 'Destinations'], ['/upload', 'Upload'], ['/selection', 'Try selection'],
] as const

export interface Page {
  readonly title: string
  /** Which entry of the menu it belongs to. */
  readonly section: typeof pages[number][0]
  readonly body: Content
  /** Whether the script keeps it up to date. */
  readonly live?: boolean
}

/** A whole page: header, menu, content. No inline script or style: the policy forbids both. */
export function layout ({ root }: Site, { title, section, body, live = false }: Page): string {
  const entries = pages.map(([path, name]) => html`<li><a href="${root}/status${path}"${path === section && html` aria-current="page"`}>${name}</a></li>`)
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – tuberlens</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}/status/style.css">
<script src="${root}/status/script.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header>
<p class="name">tuberlens</p>
<p class="research">Research use only. Not for diagnostic use.</p>
<nav aria-label="Pages"><ul>${entries}</ul></nav>
</header>
<main id="content"${live && html` data-live`}>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text
}

/** A note at the top of a page; `role` makes screen readers say it. */
export function notice (kind: 'good' | 'bad' | 'plain', body: Content): Content {
  return html`<div class="notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">${body}</div>`
}

/** A table with its caption, or a sentence where it would be empty. */
export function table (caption: string, head: readonly string[], rows: readonly (readonly Content[])[], empty: string): Content {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`
  const body = rows.map(cells => html`<tr>${cells.map((cell, i) => html`<td data-label="${head[i]}">${cell}</td>`)}</tr>`)
  return html`<table><caption>${caption}</caption><thead><tr>${head.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${body}</tbody></table>`
}

/** A form that is one button. */
export function button (action: string, label: string, describes = ''): Content {
  return html`<form method="post" action="${action}"><button type="submit">${label}${describes !== '' && html`<span class="hidden"> ${describes}</span>`}</button></form>`
}
