/** An error with a code, which tells what failed and nothing of where the broker is or how it is entered. */
export function brokerError(code: string): Error {
  return Object.assign(new Error('RabbitMQ cannot be used'), { code })
}

/** The code of an error of the client, of the system or of AMQP; never its text, which can hold the address. */
export function brokerErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string') return code
  if (typeof code === 'number') return `AMQP_${code}`
  // What ends the handshake has its code in the text alone.
  const inText = /\b(4\d\d|5\d\d) \([A-Z-]+\)/.exec(error.message)?.[1]
  return inText === undefined ? error.name : `AMQP_${inText}`
}
