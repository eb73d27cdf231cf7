/** The code of an error, or its class; never its text, which may hold addresses. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'UNKNOWN'
}

/** Where an error was thrown: its stack without its text, which may hold what a caller sent. */
export function errorPlace(error: unknown): string | undefined {
  const stack = error instanceof Error ? error.stack : undefined
  return /^ +at .*(?:\n +at .*)*/m.exec(stack ?? '')?.[0]
}
