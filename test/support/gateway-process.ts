import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { boundToThisProcess } from './bound-process.ts'

/** The file of the command. */
export const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** What a process printed, and how it ended. */
export interface ProcessOutput {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
}

/** A gateway that runs as a process of its own. */
export interface GatewayProcess {
  readonly url: string
  readonly adminUrl: string
  readonly pid: number | undefined
  readonly signal: (name: NodeJS.Signals) => void
  /** Resolves when the process has ended. */
  readonly ended: Promise<ProcessOutput>
  /** Ends it with SIGTERM. */
  readonly stop: () => Promise<ProcessOutput>
}

/** Runs a command to its end; `input` is its standard input. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: string | Buffer = '',
): Promise<ProcessOutput> {
  const { child, ended } = run(args, env)
  // A command that does not read it may be gone already.
  child.stdin.on('error', () => undefined).end(input)
  return ended
}

/** The environment of a command: what it needs to run, and what is given. */
export function commandEnv(env: Readonly<Record<string, string>>) {
  return { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env }
}

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(...boundToThisProcess(process.execPath, [main, ...args]), {
    env: commandEnv(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(
    ([exitCode]): ProcessOutput => ({ stdout, stderr, exitCode: exitCode as number | null }),
  )
  return { child, ended, printed: () => stdout }
}

/**
 * Starts `start` and resolves when it has printed its addresses. A test that fails before it has stopped the process
 * does not wait for it: it is killed when the file of tests has ended.
 */
export async function startedProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const { child, ended, printed } = run(args, env)
  const ready = (async () => {
    for (;;) {
      const [, url, adminUrl] = /listens on (\S+), admin on (\S+)\n/.exec(printed()) ?? []
      if (url !== undefined && adminUrl !== undefined) return { url, adminUrl }
      await once(child.stdout, 'data')
    }
  })()
  const failed = ended.then(({ stderr }) => {
    throw new Error(`the gateway ended before it was ready: ${stderr}`)
  })
  const addresses = await Promise.race([ready, failed])
  failed.catch(() => undefined)
  const pipes = [child.stdin, child.stdout, child.stderr] as unknown as readonly Socket[]
  for (const each of [child, ...pipes]) each.unref()
  function untilEnded(): Promise<ProcessOutput> {
    for (const each of [child, ...pipes]) each.ref()
    return ended
  }
  return {
    ...addresses,
    pid: child.pid,
    signal: (name) => void child.kill(name),
    get ended() {
      return untilEnded()
    },
    stop: () => {
      child.kill('SIGTERM')
      return untilEnded()
    },
  }
}
