/**
 * Collects all garbage and gives the room back to the operating system; does nothing where Node has no inspector, or
 * its permissions exclude it. It holds everything up for a tenth of a second or more, so it is for moments at which
 * nobody waits.
 */
export async function collectGarbage(): Promise<void> {
  if (!process.features.inspector || process.permission?.has('inspector') === false) return
  // Through the inspector, because Node has no other way that needs no flag of the process.
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.collectGarbage')
  session.disconnect()
}
