import type { JsonBody } from './json-body.ts'

/**
 * Brings all names that Magento takes for one to the same form. Magento derives the name of a setter from the name of
 * a member, which drops underscores and the case of some letters: `id`, `_id` and `Id` are the same to it (Magento:
 * Framework/Webapi/ServiceInputProcessor.php and Webapi/Controller/Rest/InputParamsResolver.php, filterInputData).
 * To be on the safe side, folding ignores case altogether.
 */
export function foldName(name: string): string {
  return name.toLowerCase().replaceAll('_', '')
}

const underscore = 0x5f

/**
 * Whether a name folds to another one, without folding it: a body may have 100,000 names, and most differ from what is
 * looked for in their first letter.
 * @param folded as {@link foldName} returns it
 */
export function foldsTo(name: string, folded: string): boolean {
  let at = 0
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index)
    if (code > 0x7f) return foldName(name) === folded
    if (code === underscore) continue
    const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
    if (lower !== folded.charCodeAt(at)) return false
    at += 1
  }
  return at === folded.length
}

/** The members of an object whose names are the same to Magento as one. */
export function membersNamed(value: object, name: string): unknown[] {
  const folded = foldName(name)
  const members: unknown[] = []
  // Not all entries at once: a body is gone through for each place that is looked for.
  for (const each in value) {
    if (foldsTo(each, folded)) members.push(value[each as keyof object])
  }
  return members
}

// A map from attribute codes to values. The codes are data, which Magento takes literally, so they are not folded.
const attributeMap = 'customattributes'

/** Whether an object has two members that are the same to Magento, which would keep the later one. */
export function hasFoldedSiblings({ value, names }: JsonBody): boolean {
  const folded = new Set<string>()
  for (const name of names) folded.add(foldName(name))
  // Cheap test first: if no two names of the whole body fold alike, no two names of one object do.
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
