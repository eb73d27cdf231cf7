import { readFile, stat } from 'node:fs/promises'
import { errorCode } from '../contract/error-code.ts'

/** Why a file cannot be read: the code of an error, or what it is instead. */
export interface Unreadable {
  readonly code: string
}

/** The bytes of a regular file, or why it cannot be read. Whatever else is at its path, it is not waited for. */
export async function readBytes(path: string): Promise<Buffer | Unreadable> {
  try {
    // A pipe would be opened only once somebody writes to it; the thread that waits for that could not even be ended with
    // the process.
    if (!(await stat(path)).isFile()) return { code: 'not a regular file' }
    return await readFile(path)
  } catch (error) {
    return { code: errorCode(error) }
  }
}
