/**
 * Remembers what is worked out about an object for as long as the object lives.
 * @param workOut must depend on the object alone, which must not change
 */
export function onceFor<Key extends object, Value extends {}>(
  workOut: (key: Key) => Value,
): (key: Key) => Value {
  const known = new WeakMap<Key, Value>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) {
      value = workOut(key)
      known.set(key, value)
    }
    return value
  }
}
