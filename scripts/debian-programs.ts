import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

/** A program that is run and not brought by npm. */
export interface Program {
  readonly name: string
  /** A command that succeeds when the program is there and can do what is asked of it. */
  readonly probe: readonly [command: string, ...args: string[]]
  /** Debian packages that bring it. */
  readonly packages: readonly string[]
}

/**
 * Looks for programs, and on a Debian machine as root installs what is missing. Says nothing when all is there.
 * @param purpose what they are for, such as `the tests`
 * @returns those that are still missing
 */
export function ensurePrograms(programs: readonly Program[], purpose: string): readonly Program[] {
  const missing = findMissing(programs)
  if (missing.length === 0 || !isRootOnDebian()) return missing
  install(packagesOf(missing), purpose)
  return findMissing(missing)
}

/** Says what is missing and how it comes onto a Debian machine. */
export function describeMissing(missing: readonly Program[], purpose: string): string {
  const names = missing.map(({ name }) => name).join(', ')
  return `${purpose} need ${names}: apt-get install ${packagesOf(missing).join(' ')}`
}

function findMissing(programs: readonly Program[]): readonly Program[] {
  return programs.filter(({ probe: [command, ...args] }) => {
    return spawnSync(command, args, { stdio: 'ignore' }).status !== 0
  })
}

function packagesOf(missing: readonly Program[]): string[] {
  return missing.flatMap(({ packages }) => packages)
}

function isRootOnDebian(): boolean {
  return process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0
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
 * who needs one starts it. A policy that the machine has already is left as it is.
 * @returns takes the policy away again
 */
function forbidServices(): () => void {
  if (existsSync(servicePolicy)) return () => undefined
  const lines = [
    '#!/bin/sh',
    '# Of the set-up of magegate, which is gone when this is allowed; may be deleted.',
    `kill -0 ${process.pid} 2>/dev/null && exit 101`,
    'exit 0',
  ]
  writeFileSync(servicePolicy, `${lines.join('\n')}\n`, { mode: 0o755 })
  // With a listener, Ctrl-C ends apt-get and leaves it to this process to clear up.
  process.once('SIGINT', () => process.exit(130))
  return () => rmSync(servicePolicy, { force: true })
}

function install(packages: readonly string[], purpose: string): void {
  process.stderr.write(`installing for ${purpose}: ${packages.join(' ')}\n`)
  aptGet('update')
  const allowServices = forbidServices()
  aptGet('install', '-y', '--no-install-recommends', ...packages)
  allowServices()
}
