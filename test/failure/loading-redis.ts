import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { boundToThisProcess } from '../support/bound-process.ts'
import { freePort } from '../support/free-port.ts'
import { killed, runRedis, withClient } from '../support/redis.ts'

/** A Redis that reads the data of an earlier run for minutes, unless it is told to be quick. */
export interface LoadingRedis extends AsyncDisposable {
  readonly url: string
  /** Has it read the rest at once. */
  readonly finish: () => Promise<void>
}

/** Starts it; resolves when it answers that it is loading. */
export async function startLoadingRedis(): Promise<LoadingRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const before = await runRedis(args)
  await withClient(url, async (client) => {
    await client.mset(Array.from({ length: 100_000 }, (_, index) => [`key-${index}`, '']).flat())
    await client.save()
  })
  await killed(before)
  const slowly = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024']
  const server = spawn(...boundToThisProcess('redis-server', [...args, ...slowly]), {
    stdio: 'ignore',
  })
  // Otherwise it would wait until Redis has loaded.
  const client = new Redis(url, { enableReadyCheck: false })
  client.on('error', () => undefined)
  const answer = () =>
    client.get('key-0').then(String, (error: unknown) => (error as Error).message)
  while (!(await answer()).startsWith('LOADING'));
  return {
    url,
    finish: async () => {
      await client.config('SET', 'key-load-delay', '0')
    },
    [Symbol.asyncDispose]: async () => {
      client.disconnect()
      await killed(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
