import { UsageError } from './arguments.ts'

/** `magento pull …` and `magento diff …` */
export async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === 'pull') return (await import('./magento/pull.ts')).main(args)
  if (name === 'diff') return (await import('./magento/diff.ts')).main(args)
  throw new UsageError('expected magento pull or magento diff')
}
