/** `source_code` as `sourceCode`. */
function camelCase(name: string): string {
  return name.replace(/(?<!_)_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase())
}

/** `sourceCode` as `source_code`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Every spelling of a name that clients use and Magento accepts. */
export function spellingsOf(name: string): readonly string[] {
  return [...new Set([name, camelCase(name), snakeCase(name)])]
}
