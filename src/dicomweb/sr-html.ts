import type { DocumentItem, SrDocument } from './sr-document.ts'

/** A page of HTML without scripts, styles or anything else to load; what the report says is text and nothing but text. */
export function srHtml ({ title, language, heading, items }: SrDocument): string {
  const lang = language === undefined ? '' : ` lang="${escapeHtml(language)}"`
  return [
    `<!DOCTYPE html>\n<html${lang}>`,
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title></head>`,
    '<body>',
    `<h1>${escapeHtml(title)}</h1>`,
    '<table>',
    ...heading.map(([label, value]) => `<tr><th scope="row">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`),
    '</table>',
    ...(items.length === 0 ? [] : ['<ul>', ...items.flatMap(item => itemLines(item, 2)), '</ul>']),
    '</body>\n</html>\n',
  ].join('\n')
}

/** Text that can stand in an element or in a quoted attribute; control characters, which HTML does not allow, become U+FFFD. */
export function escapeHtml (text: string): string {
  return withoutControls(text).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** C0 and C1 controls but tab and line feed → U+FFFD. */
export function withoutControls (text: string): string {
  return text.replace(/(?![\t\n])\p{Cc}/gu, '\ufffd')
}

function itemLines ({ concept, value, children }: DocumentItem, level: number): string[] {
  const name = escapeHtml(concept)
  const text = value === undefined ? '' : escapeHtml(value).replaceAll('\n', '<br>')
  const heading = `h${Math.min(level, 6)}`
  const own = value === undefined
    ? name === '' ? '' : `<${heading}>${name}</${heading}>`
    : [name === '' ? '' : `<b>${name}:</b>`, text].filter(part => part !== '').join(' ')
  const below = children.length === 0 ? [] : ['<ul>', ...children.flatMap(child => itemLines(child, level + 1)), '</ul>']
  return [`<li>${own}`, ...below, '</li>']
}
