/*
 * Before the tests: looks for the programs that they run, and on a Debian machine as root installs
 * what is missing. Says nothing when all is there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

interface TestProgram {
  readonly name: string
  /** A command that succeeds when the program is there and can do what the tests ask of it. */
  readonly probe: readonly [command: string, ...args: string[]]
  /** Debian packages that bring it. */
  readonly packages: readonly string[]
}

const programs: readonly TestProgram[] = [
  { name: 'redis-server', probe: ['redis-server', '--version'], packages: ['redis-server'] },
  {
    name: 'rabbitmq-server',
    // The one on the PATH is for its own user and root alone.
    probe: ['test', '-x', '/usr/lib/rabbitmq/bin/rabbitmq-server'],
    packages: ['rabbitmq-server'],
  },
  {
    name: 'php with its curl extension',
    probe: ['php', '-r', 'exit(extension_loaded("curl") ? 0 : 1);'],
    packages: ['php-cli', 'php-curl'],
  },
  { name: 'curl', probe: ['curl', '--version'], packages: ['curl'] },
  { name: 'prlimit', probe: ['prlimit', '--version'], packages: ['util-linux'] },
  { name: 'setpriv', probe: ['setpriv', '--version'], packages: ['util-linux'] },
  { name: 'openssl', probe: ['openssl', 'version'], packages: ['openssl'] },
  { name: 'python3', probe: ['python3', '--version'], packages: ['python3'] },
  { name: 'promtool', probe: ['promtool', '--version'], packages: ['prometheus'] },
  { name: 'systemd-analyze', probe: ['systemd-analyze', '--version'], packages: ['systemd'] },
]

function findMissing(): readonly TestProgram[] {
  return programs.filter(({ probe: [command, ...args] }) => {
    return spawnSync(command, args, { stdio: 'ignore' }).status !== 0
  })
}

/** Runs apt-get; what it has to say is shown when it fails. */
function aptGet(...args: string[]): void {
  const { status, stderr } = spawnSync(
    'apt-get',
    ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args],
    {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    },
  )
  if (status !== 0) process.stderr.write(stderr)
}

const servicePolicy = '/usr/sbin/policy-rc.d'

/**
 * Forbids installed packages to start a service of their own, for as long as this process lives:
 * the tests start their Redis themselves. A policy that the machine has already is left as it is.
 * @returns takes the policy away again
 */
function forbidServices(): () => void {
  if (existsSync(servicePolicy)) return () => undefined
  const lines = [
    '#!/bin/sh',
    '# Of the test set-up of magegate, which is gone when this is allowed; may be deleted.',
    `kill -0 ${process.pid} 2>/dev/null && exit 101`,
    'exit 0',
  ]
  writeFileSync(servicePolicy, `${lines.join('\n')}\n`, { mode: 0o755 })
  // With a listener, Ctrl-C ends apt-get and leaves it to this process to clear up.
  process.once('SIGINT', () => process.exit(130))
  return () => rmSync(servicePolicy, { force: true })
}

function install(packages: readonly string[]): void {
  process.stderr.write(`installing for the tests: ${packages.join(' ')}\n`)
  aptGet('update')
  const allowServices = forbidServices()
  aptGet('install', '-y', '--no-install-recommends', ...packages)
  allowServices()
}

function packagesOf(missing: readonly TestProgram[]): string[] {
  return missing.flatMap(({ packages }) => packages)
}

const isRootOnDebian =
  process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0

let missing = findMissing()
if (missing.length > 0 && isRootOnDebian) {
  install(packagesOf(missing))
  missing = findMissing()
}
if (missing.length > 0) {
  const names = missing.map(({ name }) => name).join(', ')
  process.stderr.write(
    `the tests need ${names}: apt-get install ${packagesOf(missing).join(' ')}\n`,
  )
  process.exitCode = 1
}
