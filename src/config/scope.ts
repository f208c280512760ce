/** What a client may do: store and ask for work, look, or change what the service does. None includes another. */
export const scopes = ['stow', 'read', 'admin'] as const
export type Scope = typeof scopes[number]

export function isScope (text: string): text is Scope { return (scopes as readonly string[]).includes(text) }
