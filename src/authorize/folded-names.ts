import type { JsonBody } from '../request-context.ts'

/**
 * What a name is to Magento once it has made a setter of it: without underscores and, to be on the safe
 * side, in lower case. `id`, `_id` and `Id` are one (Magento: Framework/Webapi/ServiceInputProcessor.php
 * and Webapi/Controller/Rest/InputParamsResolver.php, filterInputData).
 */
export function foldName(name: string): string {
  return name.toLowerCase().replaceAll('_', '')
}

// A map from attribute codes to values: they are data, and no two of them fold into one.
const attributeMap = 'customattributes'

/** Whether two members of one object are one to Magento, which would take the later one. */
export function hasFoldedSiblings({ value, names }: JsonBody): boolean {
  const folded = new Set<string>()
  for (const name of names) folded.add(foldName(name))
  // Where no two names of the whole body fold into one, no two of one object do.
  return folded.size < names.size && hasCollision(value)
}

function hasCollision(value: object): boolean {
  const folded = new Set<string>()
  const isArray = Array.isArray(value)
  for (const [name, member] of Object.entries(value)) {
    const own = foldName(name)
    if (!isArray) {
      if (folded.has(own)) return true
      folded.add(own)
    }
    if (typeof member !== 'object' || member === null) continue
    if (own === attributeMap && !Array.isArray(member)) {
      if (
        Object.values(member).some((each) => typeof each === 'object' && each && hasCollision(each))
      )
        return true
    } else if (hasCollision(member)) return true
  }
  return false
}
