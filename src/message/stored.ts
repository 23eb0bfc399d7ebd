type Unchanged = string | number | boolean | null | undefined

/** What a value is after it was written as JSON and read back: a Date has become a string. */
export type Stored<T> = T extends Unchanged
  ? T
  : T extends { toJSON(key: string): infer Json }
    ? Json
    : T extends object
      ? { [Key in keyof T]: Stored<T[Key]> }
      : T
