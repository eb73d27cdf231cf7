import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { boundToThisProcess } from './bound-process.ts'
import { freePort } from './free-port.ts'
import { killed } from './redis.ts'
import { pemFile } from './tls/pem.ts'

/** A RabbitMQ of the test's own. */
export interface TestRabbit extends AsyncDisposable {
  /** With name and password. */
  readonly url: string
  /** The same over TLS, as `localhost`, with the certificate `loopback.cert`. */
  readonly tlsUrl: string
  readonly password: string
  /** Stops it from answering without closing its connections. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** With SIGKILL: what it has not synced is gone. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same ports, with the same data. */
  readonly restart: () => Promise<void>
  /** Evaluates an expression of Erlang, as rabbitmqctl does, which takes seconds to start. */
  readonly evaluate: (expression: string) => Promise<void>
}

/** What the package brings; the command on the PATH would run it as another user and from another folder. */
const server = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/**
 * Starts a broker with an epmd, a name, a cookie and a folder of its own, so that it meets no other one.
 * Both listen on loopback only, and end with this process whatever becomes of it.
 */
export async function startRabbit(): Promise<TestRabbit> {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-rabbitmq-'))
  const [port, tlsPort, distPort, epmdPort] = await differentPorts(4)
  const password = randomBytes(12).toString('hex')
  await mkdir(join(folder, 'home'))
  await writeFile(join(folder, 'rabbitmq.conf'), settings(port, tlsPort, password))
  for (const name of ['env.conf', 'advanced.config']) await writeFile(join(folder, name), '')
  await writeFile(join(folder, 'plugins'), '[].')
  await writeFile(join(folder, 'home/.erlang.cookie'), password, { mode: 0o400 })
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: join(folder, 'home'),
    // Its script then becomes the broker, in place of waiting for it.
    detached: 'true',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: `magegate-${password.slice(0, 8)}@localhost`,
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'env.conf'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  }
  const run = (command: string, args: readonly string[]) =>
    spawn(...boundToThisProcess(command, args), {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const epmd = run('epmd', ['-address', '127.0.0.1'])
  const start = () => runBroker(run(server, []))
  let broker = await start()
  return {
    url: `amqp://magegate:${password}@127.0.0.1:${port}`,
    tlsUrl: `amqps://magegate:${password}@localhost:${tlsPort}`,
    password,
    freeze: () => broker.kill('SIGSTOP'),
    thaw: () => broker.kill('SIGCONT'),
    kill: () => killed(broker),
    restart: async () => {
      broker = await start()
    },
    evaluate: async (expression) => {
      const args = ['-name', environment.RABBITMQ_NODENAME, '-e']
      const evaluated = promisify(execFile)('erl_call', args, { env: environment })
      evaluated.child.stdin?.end(`${expression}.\n`)
      const { stdout } = await evaluated
      if (stdout !== '{ok, ok}') throw new Error(`${expression} gives ${stdout}`)
    },
    [Symbol.asyncDispose]: async () => {
      await killed(broker)
      await killed(epmd)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function settings(port: number, tlsPort: number, password: string): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.certfile = ${pemFile('loopback.cert')}`,
    `ssl_options.keyfile = ${pemFile('loopback.key')}`,
    'ssl_options.verify = verify_none',
    'ssl_options.fail_if_no_peer_cert = false',
    'default_user = magegate',
    `default_pass = ${password}`,
    'log.console = true',
    'log.console.level = info',
    'disk_free_limit.absolute = 10MB',
    'raft.wal_max_size_bytes = 33554432',
  ].join('\n')
}

async function runBroker(broker: ChildProcess): Promise<ChildProcess> {
  if (broker.stdout === null) throw new Error('the output of the broker is not read')
  const lines: string[] = []
  for await (const line of createInterface(broker.stdout)) {
    lines.push(line)
    if (line.includes('Server startup complete')) {
      // What it says later must not fill the pipe.
      broker.stdout.resume()
      return broker
    }
  }
  throw new Error(`rabbitmq-server ended before it was ready:\n${lines.slice(-40).join('\n')}`)
}

async function differentPorts<Count extends number>(count: Count) {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports] as [number, number, number, number]
}
