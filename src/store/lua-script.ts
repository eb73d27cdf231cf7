import { readFileSync } from 'node:fs'

/**
 * Reads a script as ioredis defines it as a command.
 * @param file next to `module`
 * @param module URL of the module that uses the script
 * @param numberOfKeys how many of the values are keys; the first value tells if it is left out
 */
export function luaScript(file: string, module: string, numberOfKeys?: number) {
  const lua = readFileSync(new URL(file, module), 'utf8')
  return numberOfKeys === undefined ? { lua } : { lua, numberOfKeys }
}
