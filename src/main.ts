#!/usr/bin/env node
import { UsageError } from './cli/arguments.ts'

const usage = `usage: magegate COMMAND [options]

  start --config DIR   run the gateway
  check --config DIR   read the configuration and report every fault
  demo [--once]        show a gateway at work in front of a stand-in for Magento
  audit keygen --out NAME   make the keys for signed checkpoints
  audit verify FILE [--key PUBLIC.pem ...] [--checkpoints FILE ...] [--lost FROM-TO ...]
                       verify an audit trail, and name the first record that is not right
  audit search FILE [conditions] [--json | --csv] [--limit N]
                       print the records of an audit trail that meet all conditions
      --request ID  --sku SKU  --order ID  --job ID  --integration NAME
      --route PATTERN  --code CODE  --status STATUS  --from TIME  --to TIME
  jobs list --config DIR [--integration NAME] [--state STATE] [--limit N] [--json]
  jobs show ID | cancel ID | retry ID ... | retry --all | dead [--limit N]   --config DIR
                       show and cancel accepted jobs, put dead ones back; beside a running gateway
  jobs discard ID ... | discard --all | dead   --config DIR [--callbacks]
                       delete dead jobs; delete and list dead call-backs
  jobs redeliver ID --config DIR   have the call-back of a job sent again
  magento pull --config DIR   fetch the schema of the shop into the configuration
      --integration NAME (whose credential is used)   --store CODE (all)
  magento diff OLD NEW [--config DIR]
                       tell what changed between two schemas, for the routes that are granted
  sign [options] URL   sign a request as a partner would, and print its headers
      --scheme canonical | rfc9421 | oauth1 | body
      --secret REF (rfc9421: or a private key)   --key-id ID (rfc9421)
      --token REF   --integration NAME
      --consumer-key REF --consumer-secret REF --access-token REF --access-token-secret REF (oauth1)
      a REF is env:NAME or file:PATH
      --method METHOD   --body TEXT | --body-file FILE   --curl (the whole command)
  explain --config DIR --integration NAME [options]
                       say why the signature of a request does not verify
      a curl command on standard input   --at TIME (when it was sent: 2026-11-24T12:00:00Z)
      or --request ID [--audit FILE]   --target PATH?QUERY   --body-file FILE (as the client
      sends them: the audit holds them in part)
      --client FILE (the string that the client signed)
`

/** What a module below `cli/` exports for its command: arguments in, exit code out. */
interface CommandModule {
  readonly main: (args: string[]) => Promise<number>
}

// Loaded one by one, so that no command pays for what another needs.
const commands: ReadonlyMap<string, () => Promise<CommandModule>> = new Map([
  ['start', () => import('./cli/start.ts')],
  ['check', () => import('./cli/check.ts')],
  ['demo', () => import('./cli/demo.ts')],
  ['audit', () => import('./cli/audit.ts')],
  ['jobs', () => import('./cli/jobs.ts')],
  ['magento', () => import('./cli/magento.ts')],
  ['sign', () => import('./cli/sign.ts')],
  ['explain', () => import('./cli/explain.ts')],
])

/** Runs one command and returns the exit code; 2 for a call that is not understood. */
async function run([name = '', ...args]: string[]): Promise<number> {
  if (['help', '-h'].includes(name) || [name, ...args].includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const load = commands.get(name)
  if (load === undefined) {
    if (name !== '') process.stderr.write(`magegate: there is no command ${name}\n\n`)
    process.stderr.write(usage)
    return 2
  }
  const command = await load()
  try {
    return await command.main(args)
  } catch (error) {
    if (!isUsageError(error)) throw error
    process.stderr.write(`${name}: ${error.message}\n\n${usage}`)
    return 2
  }
}

function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  )
}

// A reader such as `head` may close the pipe early; that changes neither the command nor its exit code.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`magegate: standard output cannot be written: ${error.code}\n`)
  process.exitCode = 1
})
// A command that has begun to change several jobs must not end in between because nobody reads its messages.
process.stderr.on('error', () => undefined)
const exitCode = await run(process.argv.slice(2))
process.exitCode ||= exitCode
