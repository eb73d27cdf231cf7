import { loadConfig } from '../src/config.ts'
import { buildGateway } from '../src/gateway.ts'
import { reportUsage } from './accounting.ts'

/* The gateway with every policy on. Argument: a directory with its configuration. */
const gateway = await buildGateway(await loadConfig(process.argv[2] ?? ''))
reportUsage((await gateway.start()).url)
