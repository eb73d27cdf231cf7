import { hash } from 'node:crypto'

/** Hex SHA-256 of a bearer token; tokens are stored and compared only in this form. */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'hex')
}
