import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Path of a PEM file beside this one, by its name without ending. */
export function pemFile(name: string): string {
  return fileURLToPath(new URL(`${name}.pem`, import.meta.url))
}

/** Content of a PEM file beside this one. */
export function pem(name: string): string {
  return readFileSync(pemFile(name), 'utf8')
}

/** The setting `tls` of a listener whose certificate is good for loopback. */
export const loopbackTls = {
  certFile: pemFile('loopback.cert'),
  keyFile: pemFile('loopback.key'),
} as const
