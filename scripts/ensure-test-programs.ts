/*
 * Before the tests: looks for the programs that they run, and on a Debian machine as root installs
 * what is missing. Says nothing when all is there.
 */
import { describeMissing, ensurePrograms, type Program } from './debian-programs.ts'

const programs: readonly Program[] = [
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

const missing = ensurePrograms(programs, 'the tests')
if (missing.length > 0) {
  process.stderr.write(`${describeMissing(missing, 'the tests')}\n`)
  process.exitCode = 1
}
