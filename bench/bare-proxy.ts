import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'
import { reportUsage } from './accounting.ts'

/* The proxy to compare with: the plugin as it comes, without any policy. Argument: the upstream. */
const app = fastify()
await app.register(httpProxy, { upstream: process.argv[2] ?? '' })
reportUsage(await app.listen({ host: '127.0.0.1', port: 0 }))
