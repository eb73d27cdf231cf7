/**
 * Passes on what is read from a file.
 * @throws {Error} that names the file, when it cannot be read; what a decompressor says does not
 */
export async function* namingFile<Item>(
  file: string,
  items: AsyncIterable<Item>,
): AsyncGenerator<Item> {
  try {
    yield* items
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
