/** A body of strict JSON, parsed once for all policies that look into it. */
export interface JsonBody {
  /** An object or an array. */
  readonly value: object
  readonly text: string
  /** The member names of all objects in it. */
  readonly names: ReadonlySet<string>
}
