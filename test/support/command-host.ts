/*
 * A process that runs commands one after the other, for `hosted-command.ts`. For each it evaluates `main.ts` anew, with the
 * arguments, the environment and the standard input of a process of its own, but all that this imports is loaded already.
 * A command has ended when nothing is left that a process of its own would wait for.
 */
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { main } from './gateway-process.ts'
import type { HostedCall } from './hosted-command.ts'

let output = { stdout: '', stderr: '' }
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Buffer) => {
    output[name] += chunk
    return true
  }
}

let count = 0
let isEvaluated = true
process.on('message', async ({ args, env, input }: HostedCall) => {
  process.channel?.unref()
  output = { stdout: '', stderr: '' }
  process.exitCode = undefined
  process.argv.splice(1, Number.POSITIVE_INFINITY, main, ...args)
  for (const name of Object.keys(process.env)) delete process.env[name]
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined) process.env[name] = value
  }
  const stdin = Readable.from(input.length > 0 ? [input] : [])
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  isEvaluated = false
  count += 1
  // What this throws ends the host, as it would end the command.
  await import(`${pathToFileURL(main)}?run=${count}`)
  isEvaluated = true
})

process.on('beforeExit', () => {
  if (!process.connected) return
  for (const name of ['stdout', 'stderr'] as const) process[name].removeAllListeners('error')
  process.channel?.ref()
  // As Node does where a module waits for something that never comes.
  process.send?.({ ...output, exitCode: isEvaluated ? Number(process.exitCode ?? 0) : 13 })
})
