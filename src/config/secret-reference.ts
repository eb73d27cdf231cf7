import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Secret } from '../contract/secret.ts'

/** Where references lead. */
export interface ReferenceSources {
  /** Directory of the configuration: relative `file:` paths and `schemas/` are below it. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a reference leads to, or what would have to be there. */
export type Resolved<Value = unknown> = { readonly value: Value } | { readonly expected: string }

/** What a secret has to be like. */
export interface SecretBounds {
  /** Characters that it has at least. */
  readonly minLength: number
  /** A regular expression that it matches, and how that is told. */
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
    text = sources.env[name]
    if (!text) return { expected: `the environment variable ${name} to be set` }
  } else if (kind === 'file') {
    const bytes = await readBytes(resolve(sources.directory, name))
    if (bytes === undefined) return { expected: `the file ${name} to be readable` }
    // Bytes that are no text would become others, and nothing would verify.
    if (!isUtf8(bytes))
      return { expected: `text in UTF-8 in the file ${name}, such as hex or base64` }
    // Editors put a mark before it, and they and `echo` a line break behind it, that are no part of the secret.
    text = bytes.toString().replace(/^\uFEFF|\r?\n$/g, '')
  } else {
    return { expected: 'a reference, env:NAME or file:PATH' }
  }
  // White space is easily there and seldom meant, and guessed at once.
  if (text.trim().length < minLength) {
    return { expected: `a secret of at least ${minLength} characters in ${reference}` }
  }
  if (form !== undefined && !new RegExp(form.pattern).test(text)) {
    return { expected: `${form.expected} in ${reference}` }
  }
  // What a variable or a file ends with by accident, whoever shares the secret does not have.
  if (/[\r\n]$/.test(text) && !text.includes('-----BEGIN ')) {
    return { expected: `a secret without a line break at its end in ${reference}` }
  }
  return { value: new Secret(text) }
}

/**
 * What a reference to a secret on the command line leads to, relative to the working directory.
 */
export function readSecret(reference: string): Promise<Resolved<Secret>> {
  return resolveSecret(reference, { minLength: 1 }, { directory: '.', env: process.env })
}

async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch {
    return undefined
  }
}

/** The text of a file; undefined where it cannot be read. */
export async function readText(path: string): Promise<string | undefined> {
  return (await readBytes(path))?.toString()
}
