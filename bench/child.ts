import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Usage } from './accounting.ts'

const hasTaskset = spawnSync('taskset', ['--version']).status === 0

/** Whether processes are held to one core each. */
export const isPinned = hasTaskset

/** A process of the benchmark that listens. */
export interface Child {
  readonly url: string
  readonly usage: () => Promise<Usage>
  readonly stop: () => void
}

/** Holds a process to one core; without taskset it runs where it likes. */
export function pin(pid: number, core: number): void {
  if (hasTaskset) spawnSync('taskset', ['-a', '-cp', String(core), String(pid)])
}

/** Starts a module of this folder and resolves when it listens. It ends with this process. */
export async function startChild(
  module: string,
  args: readonly string[],
  core: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const file = fileURLToPath(new URL(module, import.meta.url))
  const child = fork(file, args, { env: { ...process.env, ...env } })
  if (child.pid !== undefined) pin(child.pid, core)
  const { url } = await nextMessage<{ url: string }>(child)
  return {
    url,
    usage: () => {
      child.send('usage')
      return nextMessage<Usage>(child)
    },
    stop: () => void child.kill(),
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
