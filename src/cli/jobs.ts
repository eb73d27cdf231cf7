import { UsageError } from './arguments.ts'

/** `jobs list | show | retry | cancel | dead | discard | redeliver …` */
export async function main([name = '', ...args]: string[]): Promise<number> {
  if (name === 'list') return (await import('./jobs/list.ts')).main(args)
  if (name === 'show') return (await import('./jobs/show.ts')).main(args)
  if (name === 'retry') return (await import('./jobs/retry.ts')).main(args)
  if (name === 'cancel') return (await import('./jobs/cancel.ts')).main(args)
  if (name === 'dead') return (await import('./jobs/dead.ts')).main(args)
  if (name === 'discard') return (await import('./jobs/discard.ts')).main(args)
  if (name === 'redeliver') return (await import('./jobs/redeliver.ts')).main(args)
  throw new UsageError('expected jobs list, show, retry, cancel, dead, discard or redeliver')
}
