/** What the records of one route tell beyond the fields of every record. */
export interface AuditDetails {
  readonly subjects: Subjects
  /** Most characters of the request body; not shown when absent. */
  readonly requestBody?: number | undefined
  /** Most characters of the body of the answer; not shown when absent. */
  readonly answerBody?: number | undefined
}

/** Where a request names what it is about, for each field of the record. */
export type Subjects = Readonly<Record<SubjectField, SubjectPlaces>>

/** Fields of a record that say what a request is about. */
export const subjectFields = ['skus', 'productIds', 'orderIds', 'jobIds'] as const

/** One of {@link subjectFields}. */
export type SubjectField = (typeof subjectFields)[number]

/** What a request is about; fields without a value are absent. */
export type NamedSubjects = { readonly [Field in SubjectField]?: readonly string[] | undefined } & {
  /** How many further values the request names, repetitions included; absent if there are none. */
  readonly leftOut?: number | undefined
}

/** Where the values of one field stand. */
export interface SubjectPlaces {
  /** Variables of the route pattern, without their colon. */
  readonly variables: readonly string[]
  /** JSON Pointers into the body, as steps; `*` is every element of an array. */
  readonly pointers: readonly (readonly string[])[]
}
