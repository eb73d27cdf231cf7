/**
 * The command and arguments for a program that the kernel kills when the process that starts it ends, however it ends:
 * a test file may be killed before it stops what it has started.
 */
export function boundToThisProcess(
  command: string,
  args: readonly string[],
): [command: string, args: string[]] {
  return ['setpriv', ['--pdeathsig', 'KILL', command, ...args]]
}
