import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { boundToThisProcess } from './bound-process.ts'
import { commandEnv, type ProcessOutput } from './gateway-process.ts'

/** What a host is asked to run. */
export interface HostedCall {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input: Uint8Array
}

const file = fileURLToPath(new URL('./command-host.ts', import.meta.url))
let host: ReturnType<typeof startHost> | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs a command as `runCommand` does, but in a process that may have run others before: most of what a command costs is
 * loading its modules. One runs at a time. Not for a command that listens to signals, or whose pipes matter.
 */
export function runHosted(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: string | Buffer = '',
): Promise<ProcessOutput> {
  const ended = last.then(() => runNow({ args, env: commandEnv(env), input: Buffer.from(input) }))
  last = ended.catch(() => undefined)
  return ended
}

async function runNow(call: HostedCall): Promise<ProcessOutput> {
  host ??= startHost()
  const { child, gone } = host
  child.ref()
  child.channel?.ref()
  child.send(call)
  const [output] = await Promise.race([once(child, 'message'), gone])
  child.unref()
  child.channel?.unref()
  return output as ProcessOutput
}

function startHost() {
  const child = spawn(...boundToThisProcess(process.execPath, [file]), {
    env: commandEnv({}),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const gone = once(child, 'exit').then(() => {
    throw new Error('a command ended the process that runs the commands')
  })
  gone.catch(() => undefined)
  return { child, gone }
}
