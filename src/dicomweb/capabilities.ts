/** One resource of a Capabilities Description: a WADL document as an object (PS3.18 H). */
export interface Resource {
  /** One segment of the path; a variable stands in braces. */
  readonly path: string
  readonly method?: readonly { readonly name: string }[]
  readonly resource?: readonly Resource[]
}

export interface Capabilities {
  readonly application: { readonly resources: { readonly base: string, readonly resource: readonly Resource[] } }
}

interface Node { readonly methods: string[], readonly children: Map<string, Node> }

/**
 * The Capabilities Description of a service: its routes as a tree of resources, in the order of the routes.
 * @param base URL of the service
 * @param routes their paths relative to it, such as `/studies/{study}`
 */
export function capabilities (base: string, routes: readonly { readonly method: string, readonly path: string }[]): Capabilities {
  const root: Node = { methods: [], children: new Map() }
  for (const { method, path } of routes) {
    let node = root
    for (const segment of path.split('/').filter(part => part !== '')) {
      const child = node.children.get(segment) ?? { methods: [], children: new Map() }
      node.children.set(segment, child)
      node = child
    }
    node.methods.push(method)
  }
  return { application: { resources: { base, resource: resourcesOf(root) } } }
}

function resourcesOf (node: Node): Resource[] {
  return [...node.children].map(([path, child]) => ({
    path,
    ...(child.methods.length > 0 && { method: child.methods.map(name => ({ name })) }),
    ...(child.children.size > 0 && { resource: resourcesOf(child) }),
  }))
}

/** The same as WADL, `application/vnd.sun.wadl+xml`. */
export function toWadl ({ application: { resources: { base, resource } } }: Capabilities): string {
  const content = resource.map(elementOf).join('')
  return '<?xml version="1.0" encoding="UTF-8"?>\n<application xmlns="http://wadl.dev.java.net/2009/02">' +
    `<resources base="${escape(base)}">${content}</resources></application>\n`
}

function elementOf ({ path, method = [], resource = [] }: Resource): string {
  const methods = method.map(({ name }) => `<method name="${escape(name)}"/>`)
  return `<resource path="${escape(path)}">${[...methods, ...resource.map(elementOf)].join('')}</resource>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape (text: string): string {
  return text.replace(/[&<>"]/g, character => entities[character] ?? '')
}
