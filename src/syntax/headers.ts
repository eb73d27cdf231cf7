/*
 * Header sections are flat arrays, as Node gives and takes them: names and values in turn, as received.
 * Names to look for are given in lower case.
 */

/** The first value of a field; undefined when there is none. */
export function firstValue(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    if (isNamed(headers[index] as string, name)) return headers[index + 1]
  }
  return undefined
}

/** The values of all field lines with a name, in order. */
export function allValues(headers: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    if (isNamed(headers[index] as string, name)) values.push(headers[index + 1] as string)
  }
  return values
}

/** The fields whose lower-case name is wanted; names and values in turn. */
export function fieldsWhere(
  headers: readonly string[],
  isWanted: (name: string) => boolean,
): string[] {
  const wanted: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string
    if (isWanted(name.toLowerCase())) wanted.push(name, headers[index + 1] as string)
  }
  return wanted
}

/** Whether a byte or character is white space around a field value (RFC 9110, section 5.6.3). */
export function isFieldSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x09
}

/**
 * Removes the white space around a field value. `trim` would remove more than that, and a regular expression would need
 * quadratic time to find the end.
 */
export function trimFieldSpace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isFieldSpace(value.charCodeAt(start))) start += 1
  while (end > start && isFieldSpace(value.charCodeAt(end - 1))) end -= 1
  return end - start === value.length ? value : value.slice(start, end)
}

/** Whether a body has another transfer coding than `chunked`, so that its bytes are not what they seem. */
export function isTransferCoded(transferEncoding: string | undefined): boolean {
  return transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked'
}

function isNamed(candidate: string, name: string): boolean {
  // Comparing lengths first is far cheaper than making the name lower case.
  return candidate.length === name.length && candidate.toLowerCase() === name
}
