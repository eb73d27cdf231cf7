import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { errorCode } from '../contract/error-code.ts'
import { Secret } from '../contract/secret.ts'
import { utf8Text } from '../syntax/utf8-text.ts'
import { readBytes, type Unreadable } from './read-bytes.ts'

/** The sources that references can point to. */
export interface ReferenceSources {
  /** The directory of the configuration, to which `file:` paths and `schemas/` are relative. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads a file, if others than regular ones may be read as well. */
  readonly read?: (path: string) => Promise<Buffer | Unreadable>
}

/** What a reference points to, or what was expected there. */
export type Resolved<Value = unknown> = { readonly value: Value } | { readonly expected: string }

/** Requirements for a secret. */
export interface SecretBounds {
  /** How many characters it has at least. */
  readonly minLength: number
  /** A regular expression that it has to match, and a description of that for a fault. */
  readonly form?: { readonly pattern: string; readonly expected: string } | undefined
}

/** Reads the secret that `env:NAME` or `file:PATH` refers to. */
export async function resolveSecret(
  reference: string,
  { minLength, form }: SecretBounds,
  sources: ReferenceSources,
): Promise<Resolved<Secret>> {
  const [kind, ...rest] = reference.split(':')
  const name = rest.join(':')
  let text: string | undefined
  if (kind === 'env') {
    // Not what every object inherits, such as `toString`.
    text = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined
    if (!text) return { expected: `the environment variable ${name} to be set` }
    // Node has put this character in the place of bytes that are not UTF-8.
    if (text.includes('\uFFFD'))
      return {
        expected: `text in UTF-8 in the environment variable ${name}, such as hex or base64`,
      }
  } else if (kind === 'file') {
    const { directory, read = readBytes } = sources
    const bytes = await read(resolve(directory, name))
    if ('code' in bytes) return { expected: `the file ${name} to be readable (${bytes.code})` }
    // Editors and `echo` add a line break at the end.
    text = utf8Text(bytes)?.replace(/\r?\n$/, '')
    // Decoding would change bytes that are not UTF-8, and then no signature would verify.
    if (text === undefined)
      return { expected: `text in UTF-8 in the file ${name}, such as hex or base64` }
  } else {
    return { expected: 'a reference, env:NAME or file:PATH' }
  }
  // White space gets in by accident and is easily guessed, so it does not count.
  if (text.trim().length < minLength) {
    return { expected: `a secret of at least ${minLength} characters in ${reference}` }
  }
  if (form !== undefined && !new RegExp(form.pattern).test(text)) {
    return { expected: `${form.expected} in ${reference}` }
  }
  // A line break at the end is an accident, and the other side that shares the secret does not have it.
  if (/[\r\n]$/.test(text) && !text.includes('-----BEGIN ')) {
    return { expected: `a secret without a line break at its end in ${reference}` }
  }
  return { value: new Secret(text) }
}

/**
 * Resolves a reference to a secret on the command line, relative to the working directory. It may be a pipe, such as that
 * of a process substitution of the shell.
 */
export function readSecret(reference: string): Promise<Resolved<Secret>> {
  const read = (path: string) =>
    readFile(path).catch((error: unknown) => ({ code: errorCode(error) }))
  return resolveSecret(reference, { minLength: 1 }, { directory: '.', env: process.env, read })
}
