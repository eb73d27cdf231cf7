import { isUtf8 } from 'node:buffer'

/**
 * The text of a file that somebody has written, without the byte order mark that editors put at its beginning;
 * undefined if it is not UTF-8.
 */
export function utf8Text(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString().replace(/^\uFEFF/, '') : undefined
}
