/** HTML that is safe to send: its values were escaped when it was made. */
export class Markup {
  readonly text: string
  constructor (text: string) { this.text = text }
}

/** What may stand in a template: nothing, plain text, numbers, markup, or a list of these. */
export type Content = string | number | undefined | false | Markup | readonly Content[]

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For text and for attributes in quotes (OWASP output encoding, rules 1 and 2). */
export function escapeHtml (text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character]!)
}

/** A template whose values are escaped unless they are markup themselves. */
export function html (strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, part, i) => text + rendered(values[i - 1]) + part))
}

function rendered (content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'object') return content.map(rendered).join('')
  return escapeHtml(String(content))
}
