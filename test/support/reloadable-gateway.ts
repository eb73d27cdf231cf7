import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import type { ReloadOutcome } from '../../src/generation/reload.ts'
import { writeConfig } from './config-directory.ts'
import { type GatewayOptions, gatewaySettings, testEnv } from './gateway.ts'
import { send } from './http-client.ts'

/** Presented for `POST /reload` by tests. */
export const adminToken = 'admin-token-6d0f2c9b7e'

/** What an integration file holds. */
export type IntegrationFile = { readonly name: string } & Readonly<Record<string, unknown>>

/** A gateway in this process whose files a test can change. */
export interface ReloadableGateway extends AsyncDisposable {
  readonly url: string
  readonly adminUrl: string
  /** Of its configuration. */
  readonly path: string
  /** Writes sections of `gateway.yaml` over those of the start. */
  readonly writeSettings: (gateway: GatewayOptions['gateway']) => Promise<void>
  readonly writeIntegration: (integration: IntegrationFile) => Promise<void>
  readonly removeIntegration: (name: string) => Promise<void>
  /** Writes a file as it is, below the configuration. */
  readonly write: (file: string, text: string) => Promise<void>
  /** `POST /reload`; resolves with status and answer. */
  readonly reload: (token?: string) => Promise<{ status: number; outcome: ReloadOutcome }>
  /** Value of a metric without labels. */
  readonly metric: (name: string) => Promise<number>
  readonly auditText: () => Promise<string>
  readonly stop: () => Promise<void>
}

/** The files of a gateway that can be reloaded by `POST /reload`. */
export async function reloadableConfig(options: GatewayOptions) {
  const { integrations = [] } = options
  const admin = { host: '127.0.0.1', port: 0, token: 'env:ADMIN_TOKEN', ...options.gateway?.admin }
  const files = await writeConfig({ gateway: {}, integrations: {} })
  const auditFile = join(files.path, 'audit.jsonl')
  const write = (file: string, text: string) => writeFile(join(files.path, file), text)
  const writeSettings = (gateway: GatewayOptions['gateway'] = {}) =>
    write(
      'gateway.yaml',
      dump(
        gatewaySettings(
          {
            ...options,
            gateway: { ...options.gateway, ...gateway, admin: { ...admin, ...gateway.admin } },
          },
          auditFile,
        ),
      ),
    )
  const writeIntegration = (integration: IntegrationFile) =>
    write(join('integrations', `${integration.name}.yaml`), dump(integration))
  await writeSettings()
  for (const integration of integrations) await writeIntegration(integration)
  return {
    path: files.path,
    env: { ...testEnv, ADMIN_TOKEN: adminToken, ...options.env },
    write,
    writeSettings,
    writeIntegration,
    removeIntegration: (name: string) => rm(join(files.path, 'integrations', `${name}.yaml`)),
    auditText: () => readFile(auditFile, 'utf8'),
    [Symbol.asyncDispose]: files[Symbol.asyncDispose],
  }
}

/** `POST /reload` of an admin listener. */
export async function postReload(adminUrl: string, token = adminToken) {
  const { status, body } = await send(adminUrl, {
    method: 'POST',
    path: '/reload',
    headers: { Authorization: `Bearer ${token}` },
  })
  return { status, outcome: JSON.parse(body) as ReloadOutcome }
}

/** Value of a metric without labels. */
export async function metricOf(adminUrl: string, name: string): Promise<number> {
  const { body } = await send(adminUrl, { path: '/metrics' })
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1])
}

/** Starts a gateway in this process whose configuration can be changed. */
export async function startReloadable(options: GatewayOptions): Promise<ReloadableGateway> {
  const { env, ...files } = await reloadableConfig(options)
  const load = () => loadConfig(files.path, env)
  const gateway = await buildGateway(await load(), load)
  const { url, adminUrl = '' } = await gateway.start()
  return {
    ...files,
    url,
    adminUrl,
    reload: (token) => postReload(adminUrl, token),
    metric: (name) => metricOf(adminUrl, name),
    stop: gateway.stop,
    [Symbol.asyncDispose]: async () => {
      await gateway.stop()
      await files[Symbol.asyncDispose]()
    },
  }
}
