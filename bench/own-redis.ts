import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/support/free-port.ts'
import { runRedis } from '../test/support/redis.ts'
import { core, pin } from './pinning.ts'

/**
 * Starts redis-server beside the load, so that what it takes is not the proxy's. It ends with this process.
 * @returns its URL
 */
export async function startPinnedRedis(): Promise<string> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-redis-'))
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const server = await runRedis(options)
  process.on('exit', () => {
    server.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  if (server.pid !== undefined) pin(server.pid, core.others)
  return `redis://127.0.0.1:${port}/0`
}
