import type { AuthMethod } from '../../config/access.ts'
import type { Scope } from '../../config/scope.ts'

/** Who a request comes from. */
export interface Principal {
  /** As the file of clients has it, or the subject of a token: for the audit trail alone. */
  readonly name: string
  readonly method: AuthMethod
  readonly scopes: ReadonlySet<Scope>
}
