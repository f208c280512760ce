/** What came of looking at one thing. Nothing of it holds a secret or a patient's data. */
export interface Check {
  /** What was looked at: `data folder`, `destination pacs`. */
  readonly area: string
  /** A `warning` lets the service work, a `failure` keeps it, or a part of it, from working. */
  readonly state: 'ok' | 'warning' | 'failure'
  readonly found: string
  /** What to do, where there is something. */
  readonly todo?: string
}

export const ok = (area: string, found: string): Check => ({ area, state: 'ok', found })
export const warning = (area: string, found: string, todo: string): Check => ({ area, state: 'warning', found, todo })
export const failure = (area: string, found: string, todo: string): Check => ({ area, state: 'failure', found, todo })
