type Selection = Map<string, Selection>

/**
 * Cuts an answer down to the fields that a caller asked for: `a,b[c,d[e]]`; a list is cut item by
 * item, and what is malformed gives an empty list. Source: Magento: Framework/Webapi/Rest/Response/FieldsFilter.php.
 */
export function filterFields(value: unknown, fields: string): unknown {
  const selection = /^[\w[\],]+$/.test(fields) ? parse(fields) : undefined
  return selection === undefined ? [] : select(value, selection)
}

function parse(text: string): Selection | undefined {
  const root: Selection = new Map()
  const open = [root]
  let last: Selection | undefined
  for (const [token] of text.matchAll(/\w+|[[\],]/g)) {
    const current = open.at(-1)
    if (current === undefined) return undefined
    if (token === '[') {
      if (last === undefined) return undefined
      open.push(last)
      last = undefined
    } else if (token === ']') open.pop()
    else if (token !== ',') {
      last = new Map()
      current.set(token, last)
    }
  }
  return open.length === 1 ? root : undefined
}

function select(value: unknown, selection: Selection): unknown {
  if (selection.size === 0 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => select(item, selection))
  const members = value as Record<string, unknown>
  const kept = [...selection].filter(([name]) => name in members)
  return Object.fromEntries(kept.map(([name, below]) => [name, select(members[name], below)]))
}
