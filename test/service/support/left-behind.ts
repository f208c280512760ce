import { promisify } from 'node:util'
import type { TestService } from './test-service.ts'

/**
 * What a sender that went away leaves under tmp/ for good. The service may still be reading what the sender had sent when
 * this is called, so that an empty folder says nothing by itself: it counts once no connection is left and the folder has
 * been empty for half a second on end.
 */
export async function leftBehind (service: TestService): Promise<readonly string[]> {
  const { server } = service.app
  const connections = promisify(server.getConnections.bind(server))
  let quiet = 0
  for (let look = 0; look < 1200 && quiet < 10; look++) {
    await new Promise(resolve => setTimeout(resolve, 50))
    quiet = await connections() === 0 && service.temporaryFiles().length === 0 ? quiet + 1 : 0
  }
  return service.temporaryFiles()
}
