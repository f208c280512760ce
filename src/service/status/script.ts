/**
 * The script of the status page, which works without it: times in the reader's zone, and a page that keeps itself up to date unless
 * the reader stops it or is about to do something (WCAG 2.2, 2.2.2).
 */
export const script = `'use strict'
const interval = 5000
const main = document.getElementById('content')
// as it came: a page that did not change is left alone
let shown = main.innerHTML

function localTimes (root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const date = new Date(time.dateTime)
    if (!Number.isNaN(date.getTime())) time.textContent = date.toLocaleString()
  }
}

function busy () {
  const active = document.activeElement
  return document.hidden || (main.contains(active) && active.matches('input, button, select, textarea')) ||
    [...main.querySelectorAll('input[type=file]')].some(input => input.files.length > 0)
}

async function refresh () {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store', redirect: 'error' })
  if (!answer.ok) return
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('content')
  if (fresh === null || busy() || fresh.innerHTML === shown) return
  shown = fresh.innerHTML
  const open = [...main.querySelectorAll('details')].map(details => details.open)
  localTimes(fresh)
  const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null
  main.replaceChildren(...fresh.childNodes)
  main.querySelectorAll('details').forEach((details, i) => { details.open = open[i] === true })
  if (focused !== null) [...main.querySelectorAll('a')].find(link => link.getAttribute('href') === focused)?.focus()
}

localTimes(document)
if (main.hasAttribute('data-live')) {
  let running = true
  const toggle = document.createElement('button')
  toggle.type = 'button'
  toggle.className = 'plain'
  const label = () => { toggle.textContent = running ? 'Pause updates' : 'Go on with updates' }
  toggle.addEventListener('click', () => { running = !running; label() })
  label()
  document.querySelector('header').append(toggle)
  setInterval(() => { if (running && !busy()) refresh().catch(() => undefined) }, interval)
}
`
