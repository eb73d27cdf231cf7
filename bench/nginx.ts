import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { boundToThisProcess } from '../test/support/bound-process.ts'
import { freePort } from '../test/support/free-port.ts'
import type { Usage } from './accounting.ts'
import type { Child } from './child.ts'
import { pin } from './pinning.ts'

/**
 * Starts nginx, one process, with a configuration of the folder nginx/ and resolves when it listens. It ends
 * when this process does, however that happens.
 * @param values stand in the configuration in the place of {{their names}}, beside `folder`, one of its own,
 *   `port`, a free one, and `here`, where the configuration is
 * @throws {Error} when it ends instead, or the configuration has a name without a value
 */
export async function startNginx(
  configuration: string,
  values: Readonly<Record<string, string>>,
  core: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-nginx-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', removeFolder)
  const here = fileURLToPath(new URL('nginx', import.meta.url))
  const port = await freePort()
  const own = { ...values, folder, here, port: String(port) }
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, fill(readFileSync(join(here, configuration), 'utf8'), own))
  const args = ['-e', 'stderr', '-p', folder, '-c', file]
  const child = spawn(...boundToThisProcess('nginx', args), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  const { pid } = child
  if (pid === undefined) throw new Error('setpriv cannot be run')
  pin(pid, core)
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`nginx ended with code ${code}`)
  })
  // Also when nobody waits any more.
  ended.catch(() => undefined)
  await Promise.race([listening(port), ended])
  return {
    url: `http://127.0.0.1:${port}`,
    usage: async () => usageOf(pid),
    stop: async () => {
      process.off('exit', kill)
      kill()
      await ended.catch(() => undefined)
      process.off('exit', removeFolder)
      removeFolder()
    },
  }
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{([a-zA-Z]+)\}\}/g, (all, name: string) => {
    if (name === 'names') return all
    const value = values[name]
    if (value === undefined) throw new Error(`nginx has no value for ${name}`)
    return value
  })
}

/** Of a process with one thread. proc(5): schedstat begins with the time on a core, nanoseconds. */
function usageOf(pid: number): Usage {
  const [nanoseconds = ''] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
  const [, kibibytes = ''] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  const residentBytes = Number(kibibytes) * 1024
  return { cpuUs: Number(nanoseconds) / 1000, residentBytes, liveBytes: residentBytes }
}

/** Resolves when a port takes connections. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
