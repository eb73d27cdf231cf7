import { readFile } from 'node:fs/promises'
import { errorCode } from '../contract/error-code.ts'

/** The bytes of a file, or the code of the error for which it cannot be read. */
export async function readBytes(path: string): Promise<Buffer | { readonly code: string }> {
  try {
    return await readFile(path)
  } catch (error) {
    return { code: errorCode(error) }
  }
}
