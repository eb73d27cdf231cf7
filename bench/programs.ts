import { describeMissing, ensurePrograms, type Program } from '../scripts/debian-programs.ts'

const purpose = 'benchmarks'
const nginx: Program = { name: 'nginx', probe: ['nginx', '-v'], packages: ['nginx-light'] }
const needed: readonly Program[] = [
  nginx,
  { name: 'redis-server', probe: ['redis-server', '--version'], packages: ['redis-server'] },
  { name: 'setpriv', probe: ['setpriv', '--version'], packages: ['util-linux'] },
]
const nginxLua: Program = {
  name: 'nginx with Lua',
  probe: [
    'sh',
    '-c',
    'ls /usr/lib/nginx/modules/ngx_http_lua_module.so /usr/lib/*/lua/5.1/cjson.so',
  ],
  packages: ['libnginx-mod-http-lua', 'lua-cjson'],
}

/**
 * Looks for what the benchmark runs, and installs on Debian what is missing.
 * @throws {Error} when something cannot be had
 */
export function ensureBenchPrograms(): void {
  const missing = ensurePrograms(needed, purpose)
  if (missing.length > 0) throw new Error(describeMissing(missing, purpose))
}

/** Why nginx cannot run Lua here; undefined when it can. */
export function whyNoNginxLua(): string | undefined {
  const missing = ensurePrograms([nginxLua], purpose)
  return missing.length > 0 ? describeMissing(missing, 'comparisons with it') : undefined
}
