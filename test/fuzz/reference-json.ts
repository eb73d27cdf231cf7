/** What a text holds that is good for every reader. */
export interface ReferenceJson {
  readonly names: ReadonlySet<string>
}

/*
 * One token of RFC 8259 after white space. Control characters stand in no string; of a surrogate no
 * half stands alone, written or escaped.
 */
const token =
  /[ \t\n\r]*(?:([[\]{},:])|("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/uy

/**
 * Reads a JSON text in another way than the gateway does: from left to right, by tokens, with a stack.
 * @returns undefined for what the gateway must refuse
 */
export function readReference(
  bytes: Buffer,
  bounds: { readonly depth: number; readonly members: number },
): ReferenceJson | undefined {
  const text = bytes.toString()
  // What is not UTF-8 does not come back as it was.
  if (!Buffer.from(text).equals(bytes) || text.startsWith('\ufeff')) return undefined
  const names = new Set<string>()
  const open: { readonly names: Set<string> | undefined }[] = []
  let commas = 0
  // What may come next.
  let next: 'value' | 'value or end' | 'name' | 'name or end' | 'comma or end' | 'nothing' = 'value'
  const reader = new RegExp(token)
  reader.lastIndex = 0
  for (;;) {
    const at = reader.lastIndex
    const match = reader.exec(text)
    if (match === null) return rest(text, at) && next === 'nothing' ? { names } : undefined
    const [, sign, string, number] = match
    const isValue = sign === undefined || sign === '{' || sign === '['
    if (isValue && (next === 'name' || next === 'name or end')) {
      if (string === undefined) return undefined
      const name = textOf(string)
      const own = open.at(-1)?.names as Set<string>
      if (name === undefined || own.has(name)) return undefined
      if (['__proto__', 'constructor', 'prototype'].includes(name)) return undefined
      // What can be written with an escape only.
      if (JSON.stringify(name).includes('\\')) return undefined
      own.add(name)
      names.add(name)
      const colon = reader.exec(text)
      if (colon?.[1] !== ':') return undefined
      next = 'value'
    } else if (isValue) {
      if (next !== 'value' && next !== 'value or end') return undefined
      if (open.length === 0 && sign === undefined) return undefined
      if (string !== undefined && textOf(string) === undefined) return undefined
      if (number !== undefined && !isKept(number)) return undefined
      if (sign !== undefined) {
        open.push({ names: sign === '{' ? new Set() : undefined })
        if (open.length > bounds.depth) return undefined
      }
      if (sign === undefined) next = 'comma or end'
      else next = sign === '{' ? 'name or end' : 'value or end'
    } else if (sign === ',') {
      if (next !== 'comma or end') return undefined
      commas += 1
      if (commas >= bounds.members) return undefined
      next = open.at(-1)?.names === undefined ? 'value' : 'name'
    } else if (sign === '}' || sign === ']') {
      const isObject = open.pop()?.names !== undefined
      const mayEnd = next === 'comma or end' || next === (isObject ? 'name or end' : 'value or end')
      if (!mayEnd || isObject !== (sign === '}')) return undefined
      next = open.length === 0 ? 'nothing' : 'comma or end'
    } else return undefined
  }
}

function rest(text: string, at: number): boolean {
  return /^[ \t\n\r]*$/.test(text.slice(at))
}

/** The text of a string; undefined when it has half of a character. */
function textOf(string: string): string | undefined {
  const text = JSON.parse(string) as string
  return text.isWellFormed() ? text : undefined
}

/** Whether a double keeps a number: its shortest spelling, or one of 17 digits, is the same number. */
function isKept(number: string): boolean {
  const value = Number(number)
  if (!Number.isFinite(value)) return false
  const digits = (spelling: string) => {
    const [, whole = '', fraction = '', exponent = '0'] =
      /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(spelling) ?? []
    const all = `${whole}${fraction}`.replace(/^0+/, '')
    const kept = all.replace(/0+$/, '')
    return `${kept}e${kept === '' ? 0 : Number(exponent) - fraction.length + all.length - kept.length}`
  }
  const wanted = digits(number)
  return wanted === digits(String(value)) || wanted === digits(value.toExponential(16))
}
