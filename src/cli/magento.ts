import { UsageError } from './arguments.ts'
import { main as diff } from './magento/diff.ts'
import { main as pull } from './magento/pull.ts'

const subcommands: Readonly<Record<string, (args: string[]) => Promise<number>>> = { pull, diff }

/** `magento pull …` and `magento diff …` */
export async function main([name = '', ...args]: string[]): Promise<number> {
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
  if (subcommand === undefined) throw new UsageError('the command is magento pull or magento diff')
  return subcommand(args)
}
