import { UsageError } from './arguments.ts'

/** `audit keygen | verify | search …` */
export async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === 'keygen') return (await import('./audit/keygen.ts')).main(args)
  if (name === 'verify') return (await import('./audit/verify.ts')).main(args)
  if (name === 'search') return (await import('./audit/search.ts')).main(args)
  throw new UsageError('expected audit keygen, audit verify or audit search')
}
