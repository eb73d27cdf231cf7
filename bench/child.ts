import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Usage } from './accounting.ts'
import { pin } from './pinning.ts'

/** A process of the benchmark that listens. */
export interface Child {
  readonly url: string
  readonly usage: () => Promise<Usage>
  /** Ends it at once. */
  readonly stop: () => Promise<void>
}

const running = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/**
 * Starts a module of this folder and resolves when it listens. It ends when this process does,
 * however that happens.
 * @throws {Error} rejects when the module ends instead, also while something is asked of it
 */
export async function startChild(
  module: string,
  args: readonly string[],
  core: number,
  env: Readonly<Record<string, string>> = {},
  execArgv: readonly string[] = [],
): Promise<Child> {
  const file = fileURLToPath(new URL(module, import.meta.url))
  const child = fork(file, args, { env: { ...process.env, ...env }, execArgv: [...execArgv] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  if (child.pid !== undefined) pin(child.pid, core)
  const { url } = await nextMessage<{ url: string }>(child)
  return {
    url,
    usage: () => {
      child.send('usage')
      return nextMessage<Usage>(child)
    },
    stop: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      reject(new Error(`a process of the benchmark ended with code ${code}`))
    }
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as Message)
    })
  })
}
