#!/usr/bin/env node
import { parseArgs } from 'node:util'

const usage = `usage: magegate COMMAND [options]

  start --config DIR   run the gateway
  check --config DIR   read the configuration and report every fault
  demo [--once]        show a gateway at work in front of a stand-in for Magento
  sign [options] URL   sign a request as a partner would, and print its headers
      --scheme canonical | body   --secret env:NAME | file:PATH
      --token env:NAME | file:PATH   --integration NAME
      --method METHOD   --body TEXT | --body-file FILE   --curl (the whole command)
`

/** Runs one command and returns the exit code; 2 for a call that is not understood. */
async function run(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ''}\n\n${usage}`)
    return 2
  }
  const { values, positionals } = parsed
  const [command, ...rest] = positionals
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const [url] = rest
  if (rest.length === 1 && url !== undefined && command === 'sign') {
    const {
      scheme = 'canonical',
      secret = '',
      curl = false,
      'body-file': bodyFile,
      ...others
    } = values
    return (await import('./cli/sign.ts')).sign({ url, scheme, secret, curl, bodyFile, ...others })
  }
  if (rest.length === 0 && command === 'demo') {
    const { demo } = await import('./cli/demo.ts')
    return demo({ once: values.once ?? false })
  }
  if (rest.length === 0 && (command === 'start' || command === 'check')) {
    if (values.config === undefined) {
      process.stderr.write(`${command} needs --config DIR\n\n${usage}`)
      return 2
    }
    // Each command is loaded on its own, so that none pays for what another needs.
    if (command === 'check') return (await import('./cli/check.ts')).check(values.config)
    return (await import('./cli/start.ts')).start(values.config)
  }
  process.stderr.write(usage)
  return 2
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      once: { type: 'boolean' },
      scheme: { type: 'string' },
      secret: { type: 'string' },
      token: { type: 'string' },
      integration: { type: 'string' },
      method: { type: 'string' },
      body: { type: 'string' },
      'body-file': { type: 'string' },
      curl: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

process.exitCode = await run(process.argv.slice(2))
