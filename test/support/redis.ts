import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Secret } from '../../src/contract/secret.ts'
import { boundToThisProcess } from './bound-process.ts'
import { freePort } from './free-port.ts'

/** A Redis server of the test's own. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Stops it from answering without closing its connections. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly kill: () => Promise<void>
  /** Starts it again on the same port, empty. */
  readonly restart: () => Promise<void>
}

/**
 * Starts redis-server on a free port of loopback; nothing is kept on disk.
 * @param options further options of the command
 */
export async function startRedis(...options: readonly string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const start = () => runRedis([...args, ...options])
  let server = await start()
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    kill: () => killed(server),
    restart: async () => {
      server = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await killed(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Does something through a connection of its own. */
export async function withClient<Result>(
  url: string,
  act: (client: Redis) => Promise<Result>,
): Promise<Result> {
  const client = new Redis(url)
  // What fails, fails with the command too.
  client.on('error', () => undefined)
  try {
    return await act(client)
  } finally {
    client.disconnect()
  }
}

/** The time of Redis, microseconds. */
export async function clockOf(url: string): Promise<number> {
  const [seconds = 0, micros = 0] = await withClient(url, (client) => client.time())
  return Number(seconds) * 1_000_000 + Number(micros)
}

/** How often scripts were asked for. */
export async function scriptCalls(url: string): Promise<number> {
  const info = await withClient(url, (client) => client.info('commandstats'))
  const calls = [...info.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, count]) =>
    Number(count),
  )
  return calls.reduce((sum, count) => sum + count, 0)
}

/** Runs redis-server until it is ready. */
export async function runRedis(args: readonly string[]): Promise<ChildProcess> {
  const server = spawn(...boundToThisProcess('redis-server', args), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const chunk of server.stdout) {
    if (/Ready to accept connections|\+monitor/.test(String(chunk))) {
      // What it says later must not fill the pipe.
      server.stdout.resume()
      return server
    }
  }
  throw new Error('redis-server ended before it was ready')
}

/** Kills a process and waits until it is gone. */
export async function killed(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill('SIGKILL')
  await once(server, 'exit')
}

/** An account of a Redis other than the one that needs no password. */
export const redisAccount = {
  username: 'gateway',
  password: new Secret('password-of-the-gateway'),
}

/** Has a Redis take {@link redisAccount}. */
export async function addAccount(url: string): Promise<void> {
  const { username, password } = redisAccount
  await withClient(url, (client) =>
    client.acl('SETUSER', username, 'on', `>${password.reveal()}`, '~*', '&*', '+@all'),
  )
}

/** The users whose connections a Redis has. */
export async function usersOf(url: string): Promise<string[]> {
  const list = await withClient(url, (client) => client.client('LIST'))
  return [...String(list).matchAll(/ user=(\S+)/g)].map(([, user = '']) => user)
}
