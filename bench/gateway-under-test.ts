import { collectGarbage } from '../src/cli/collect-garbage.ts'
import { loadConfig } from '../src/config.ts'
import { buildGateway } from '../src/gateway.ts'
import { reportUsage } from './accounting.ts'

/* The gateway with every policy on, made ready as `start` does. Argument: a directory with its configuration. */
const gateway = await buildGateway(await loadConfig(process.argv[2] ?? ''))
await collectGarbage()
reportUsage((await gateway.start()).url)
