import { spawnSync } from 'node:child_process'

/** The cores of the benchmark: the proxy under test has one for itself. */
export const core = { proxy: 0, others: 1 } as const

/**
 * Holds all threads of a process to one core.
 * @returns whether it is held; not so without `taskset`, or without that core
 */
export function pin(pid: number, to: number): boolean {
  return spawnSync('taskset', ['-a', '-c', '-p', String(to), String(pid)]).status === 0
}
