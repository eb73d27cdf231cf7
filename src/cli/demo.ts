import { existsSync } from 'node:fs'
import { readArguments } from './arguments.ts'

/** The files of a checkout that the demo needs. The container image contains only the gateway itself. */
const needed = ['test/support/magento/stand-in.ts', 'config/gateway.yaml']

/** `demo [--once]` */
export async function main(args: string[]): Promise<number> {
  const { values } = readArguments({ args, options: { once: { type: 'boolean' } } })
  const root = new URL('../../', import.meta.url)
  const missing = needed.find((file) => !existsSync(new URL(file, root)))
  if (missing !== undefined) {
    process.stderr.write(
      `demo: this command needs a checkout of the repository; ${missing} is missing\n`,
    )
    return 1
  }
  const { runDemo } = await import('./demo/run-demo.ts')
  return runDemo({ once: values.once ?? false })
}
