import { AppError } from '../../src/errors.ts'

/** The AppError that an action throws; anything else that it throws goes on, and nothing gives `undefined`. */
export function thrownBy (action: () => unknown): AppError | undefined {
  try {
    action()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  return undefined
}

/** The same for a promise. */
export async function rejectionOf (promise: Promise<unknown>): Promise<AppError | undefined> {
  try {
    await promise
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  return undefined
}
