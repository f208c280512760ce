const widest = 60

/** Columns padded to their widest cell: a head line, a rule, then one line per row. Long cells of any column but the last are cut. */
export function table (head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cut = (text: string, column: number) => column < head.length - 1 && text.length > widest ? `${text.slice(0, widest - 1)}…` : text
  const cells = [head, ...rows].map(row => row.map(cut))
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]!.length)))
  const lines = cells.map(row => row.map((text, column) => text.padEnd(widths[column]!)).join('  ').trimEnd())
  const rule = widths.map((width, column) => '─'.repeat(column === head.length - 1 ? Math.min(width, 40) : width)).join('  ')
  return [lines[0]!, rule, ...lines.slice(1)]
}
