import type { DocumentItem, SrDocument } from './sr-document.ts'
import { withoutControls } from './sr-html.ts'

/** The report in lines of plain text, two blanks for each level, CR LF at their ends (RFC 2046 4.1.1). */
export function srText ({ title, heading, items }: SrDocument): string {
  const lines = [title, '', ...heading.map(([label, value]) => `${label}: ${value}`), '', ...items.flatMap(item => itemLines(item, ''))]
  return lines.map(line => `${withoutControls(line).replaceAll('\n', ' ')}\r\n`).join('')
}

function itemLines ({ concept, value, children }: DocumentItem, indent: string): string[] {
  const [first = '', ...more] = value?.split('\n') ?? []
  const own = value === undefined ? concept : [...(concept === '' ? [] : [`${concept}:`]), first].join(' ')
  return [`${indent}${own}`, ...more.map(line => `${indent}  ${line}`), ...children.flatMap(child => itemLines(child, `${indent}  `))]
}
