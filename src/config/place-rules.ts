import { resolve } from 'node:path'
import type { Fault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'

type RuleFault = Pick<Fault, 'pointer' | 'expected'>

/** What the gateway writes and listens on has a place of its own: two in one file would be neither. */
export function checkPlaces(settings: GatewaySettings): RuleFault[] {
  const { audit, jobs, listen, admin } = settings
  const { checkpoints, file: trail } = audit
  const files: (readonly [pointer: string, file: string | undefined])[] = [
    ['/audit/file', trail],
    ['/audit/checkpoints', checkpoints && trail && `${trail}.checkpoints`],
    ['/audit/checkpoints/copyTo/file', checkpoints?.copyTo?.file],
    ['/jobs/file', jobs?.file],
  ]
  const taken = new Map<string, string>()
  const faults = files.flatMap(([pointer, file]) => {
    if (file === undefined) return []
    const other = taken.get(resolve(file))
    if (other === undefined) taken.set(resolve(file), pointer)
    return other === undefined ? [] : [{ pointer, expected: `another file than that of ${other}` }]
  })
  if (admin === undefined || admin.port === 0 || admin.port !== listen.port) return faults
  const isShared =
    admin.host === listen.host || isAnyAddress(admin.host) || isAnyAddress(listen.host)
  if (!isShared) return faults
  return [...faults, { pointer: '/admin/port', expected: 'another port than that of /listen/port' }]
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
