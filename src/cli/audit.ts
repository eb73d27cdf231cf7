import { UsageError } from './arguments.ts'

/** `audit keygen | verify …` */
export async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === 'keygen') return (await import('./audit/keygen.ts')).main(args)
  if (name === 'verify') return (await import('./audit/verify.ts')).main(args)
  throw new UsageError('keygen or verify')
}
