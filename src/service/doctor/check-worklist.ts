import type { Config } from '../../config.ts'
import { searchWorkitems } from '../../dicomweb/workitem-client.ts'
import { toAppError } from '../../errors.ts'
import { connectDestination } from '../../workflow/connect-destination.ts'
import { type Check, failure, ok } from './check.ts'

/** Whether the worklist answers the search that the service asks it; nothing is claimed. */
export async function checkWorklist ({ worklist, destinations }: Pick<Config, 'worklist' | 'destinations'>, signal: AbortSignal): Promise<Check[]> {
  const settings = destinations.find(({ id }) => id === worklist?.destination)
  if (worklist === undefined || settings === undefined) return []
  const destination = connectDestination(settings)
  try {
    const asked = { destination: { ...destination, answerTimeoutMs: 10_000 }, requester: worklist.requester }
    const found = await searchWorkitems(asked, { ...worklist.query, ProcedureStepState: 'SCHEDULED', limit: '1' }, { signal })
    return [ok('worklist', found.length === 0 ? 'it answers; no workitem waits' : 'it answers; work waits')]
  } catch (thrown) {
    signal.throwIfAborted()
    return [failure('worklist', toAppError(thrown).message, `check that ${settings.url} has UPS-RS, and the rights of the user there`)]
  } finally {
    await destination.close()
  }
}
