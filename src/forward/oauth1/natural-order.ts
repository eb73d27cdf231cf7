import type { SignedParameter } from './signed-parameters.ts'

/** Parameters in PHP's natural order of their encoded names, so that `[10]` stands after `[9]`. */
export function inNaturalOrder(parameters: readonly SignedParameter[]): SignedParameter[] {
  return parameters
    .map((parameter) => ({ ...parameter, key: naturalKey(parameter.name) }))
    .sort((left, right) => compareNaturally(left.key, right.key))
}

/**
 * What {@link compareNaturally} compares: runs of digits, and every other character by itself.
 * @param name percent-encoded, and not beginning with a digit
 */
export function naturalKey(name: string): readonly string[] {
  return name.match(/\d+|\D/g) ?? []
}

/**
 * Compares in PHP's natural order: runs of digits by their value, or digit by digit when one of them
 * begins with zero, and all else by byte (PHP: ext/standard/strnatcmp.c). Digits of escapes count
 * too.
 */
export function compareNaturally(left: readonly string[], right: readonly string[]): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index += 1) {
    const order = compareRuns(left[index] as string, right[index] as string)
    if (order !== 0) return order
  }
  return left.length - right.length
}

function compareRuns(left: string, right: string): number {
  if (left === right) return 0
  if (left.length !== right.length && isNumber(left) && isNumber(right)) {
    return left.length - right.length
  }
  return left < right ? -1 : 1
}

function isNumber(run: string): boolean {
  return /^[1-9]/.test(run)
}
