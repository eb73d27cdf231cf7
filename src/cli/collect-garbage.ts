/**
 * Collects all garbage and returns the memory to the operating system. It does nothing if Node has no inspector or is
 * not permitted to use it. It blocks the process for a tenth of a second or more, so it should only be called when
 * nobody is waiting.
 */
export async function collectGarbage(): Promise<void> {
  if (!process.features.inspector || process.permission?.has('inspector') === false) return
  // Only the inspector can do this without a command-line flag for the process.
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.collectGarbage')
  session.disconnect()
}
