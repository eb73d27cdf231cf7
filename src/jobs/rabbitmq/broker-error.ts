/** An error whose code says what failed, and that reveals neither address nor credentials of the broker. */
export function brokerError(code: string): Error {
  return Object.assign(new Error('RabbitMQ cannot be used'), { code })
}

/** The code of an error of the client, of the system or of AMQP; never its text, which may contain the address. */
export function brokerErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  const code = 'code' in error ? error.code : undefined
  if (typeof code === 'string') return code
  if (typeof code === 'number') return `AMQP_${code}`
  // Errors of the handshake have their code only in the text.
  const inText = /\b(4\d\d|5\d\d) \([A-Z-]+\)/.exec(error.message)?.[1]
  return inText === undefined ? error.name : `AMQP_${inText}`
}
