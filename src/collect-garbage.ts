import { Session } from 'node:inspector/promises'

/**
 * Collects all garbage and gives the room back to the operating system. It holds everything up for a tenth of a
 * second or more, so it is for moments at which nobody waits.
 */
export async function collectGarbage(): Promise<void> {
  // Asked through the inspector, because Node has no other way that needs no flag of the process.
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.collectGarbage')
  session.disconnect()
}
