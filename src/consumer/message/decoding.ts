import { exactJson } from '../../message/exact-json.ts'

/** How the value of a record becomes data. */
export interface Decoding {
  /** `json`: the value is the data. `cloudevents`: the data of a CloudEvent, in structured or binary mode. */
  readonly form: 'json' | 'cloudevents'
  readonly parse: (text: string) => unknown
}

export interface DecodingOptions {
  /**
   * Default: as `JSON.parse`, but a number that JavaScript cannot hold exactly stays text. What it throws means that
   * the record cannot be read.
   */
  readonly parse?: (text: string) => unknown
}

/** The value is the data, as JSON. */
export const json = ({ parse = exactJson }: DecodingOptions = {}): Decoding => ({ form: 'json', parse })

/** The value is a CloudEvent of the message's type, in structured or binary mode, its data JSON. */
export const cloudEvents = ({ parse = exactJson }: DecodingOptions = {}): Decoding => ({
  form: 'cloudevents',
  parse,
})
