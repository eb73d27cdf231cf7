import { UsageError } from './arguments.ts'

/** `jobs list | show | retry | cancel | dead …` */
export async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === 'list') return (await import('./jobs/list.ts')).main(args)
  if (name === 'show') return (await import('./jobs/show.ts')).main(args)
  if (name === 'retry') return (await import('./jobs/retry.ts')).main(args)
  if (name === 'cancel') return (await import('./jobs/cancel.ts')).main(args)
  if (name === 'dead') return (await import('./jobs/dead.ts')).main(args)
  throw new UsageError('list, show, retry, cancel or dead')
}
