import { readFile, stat } from 'node:fs/promises'
import { errorCode } from '../contract/error-code.ts'
import { readInTurn } from './read-in-turn.ts'

/** Why a file cannot be read: the code of an error, or what it is instead. */
export interface Unreadable {
  readonly code: string
}

/** No file of a configuration is nearly as long; one of more than 512 MiB would be too long for a text of V8. */
const mostBytes = 67_108_864

/** The bytes of a regular file, or why it cannot be read. Whatever else is at its path, it is not waited for. */
export async function readBytes(path: string): Promise<Buffer | Unreadable> {
  try {
    return await readRegularFile(path)
  } catch (error) {
    return { code: errorCode(error) }
  }
}

/**
 * Reads a regular file. Whatever else is at its path, it is not waited for.
 * @throws with a `code` that says why it cannot be read
 */
export function readRegularFile(path: string): Promise<Buffer> {
  return readInTurn(async () => {
    // A pipe would be opened only once somebody writes to it; the thread that waits for that could not even be ended with
    // the process.
    const found = await stat(path)
    if (!found.isFile()) throw unreadable(path, 'not a regular file')
    // Linux makes up what is in such files when they are read, which can wait or go on without end, as with /proc/kmsg.
    if (found.size === 0) throw unreadable(path, 'empty, or without a size as in /proc')
    if (found.size > mostBytes) throw unreadable(path, 'longer than 64 MiB')
    return await readFile(path)
  })
}

function unreadable(path: string, code: string): Error {
  return Object.assign(new Error(`${path} is ${code}`), { code })
}
