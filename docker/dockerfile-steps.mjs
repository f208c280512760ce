// The steps of a Dockerfile as data, in order: comments gone, continued lines joined. Knows what docker/Dockerfile uses and refuses the rest.
const known = new Set(['ARG', 'FROM', 'WORKDIR', 'COPY', 'RUN', 'LABEL', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'])

/** @returns {{ keyword: string, text: string }[]} */
export function parseSteps (text) {
  const lines = text.split('\n').filter(line => !/^\s*(#|$)/.test(line)).join('\n').replace(/\\\n\s*/g, '').split('\n')
  return lines.map(line => {
    const [, keyword = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? []
    if (!known.has(keyword)) throw new Error(`this step is not known: ${line}`)
    return { keyword, text: rest.trim() }
  })
}

/** The steps of each stage, with what stands before the first in `arguments`. */
export function parseStages (text) {
  const before = {}
  const stages = []
  for (const { keyword, text: rest } of parseSteps(text)) {
    if (keyword === 'FROM') {
      const [image, , name] = rest.split(/\s+/)
      stages.push({ name: name ?? '', image: substitute(image, before), steps: [] })
    } else if (stages.length === 0) Object.assign(before, pairs(rest))
    else stages.at(-1).steps.push({ keyword, text: rest })
  }
  return { arguments: before, stages }
}

/** `A=1 B="two words"` */
export function pairs (text) {
  return Object.fromEntries([...text.matchAll(/([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(([, name, value]) => [name, value.replace(/^"(.*)"$/, '$1')]))
}

/** `--from=build --chown=1:1 a b c/` */
export function copyOf (text) {
  const words = text.split(/\s+/)
  const options = Object.fromEntries(words.filter(word => word.startsWith('--')).map(word => word.slice(2).split('=')))
  const paths = words.filter(word => !word.startsWith('--'))
  return { options, sources: paths.slice(0, -1), target: paths.at(-1) }
}

function substitute (text, values) { return text.replace(/\$\{(\w+)\}/g, (_, name) => values[name] ?? '') }
