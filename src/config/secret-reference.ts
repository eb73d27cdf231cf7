import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Secret } from '../secret.ts'

/** Where references lead. */
export interface ReferenceSources {
  /** Directory of the configuration: relative `file:` paths and `schemas/` are below it. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a reference leads to, or what would have to be there. */
export type Resolved<Value = unknown> = { readonly value: Value } | { readonly expected: string }

/**
 * Reads the secret that `env:NAME` or `file:PATH` refers to.
 * @param minLength characters that it has at least
 */
export async function resolveSecret(
  reference: string,
  minLength: number,
  sources: ReferenceSources,
): Promise<Resolved<Secret>> {
  const [kind, ...rest] = reference.split(':')
  const name = rest.join(':')
  let text: string | undefined
  if (kind === 'env') {
    text = sources.env[name]
    if (!text) return { expected: `the environment variable ${name} to be set` }
  } else if (kind === 'file') {
    text = await readText(resolve(sources.directory, name))
    if (text === undefined) return { expected: `the file ${name} to be readable` }
    // Editors and `echo` end a file with a line break that is not a part of the secret.
    text = text.replace(/\r?\n$/, '')
  } else {
    return { expected: 'a reference, env:NAME or file:PATH' }
  }
  if (text.length < minLength) {
    return { expected: `a secret of at least ${minLength} characters in ${reference}` }
  }
  return { value: new Secret(text) }
}

/**
 * What a reference to a secret on the command line leads to, relative to the working directory.
 * @returns undefined when it has another form, or leads nowhere
 */
export async function readSecret(reference: string): Promise<Secret | undefined> {
  const resolved = await resolveSecret(reference, 1, { directory: '.', env: process.env })
  return 'value' in resolved ? resolved.value : undefined
}

/** The text of a file; undefined where it cannot be read. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
