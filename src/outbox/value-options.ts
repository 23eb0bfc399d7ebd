/** Options of the connector that change what the value of a column becomes, under their names there. */
export interface ValueOptions {
  readonly 'decimal.handling.mode': 'precise' | 'double' | 'string'
  readonly 'binary.handling.mode': 'bytes' | 'base64' | 'base64-url-safe' | 'hex'
  readonly 'time.precision.mode':
    | 'adaptive'
    | 'adaptive_time_microseconds'
    | 'connect'
    | 'isostring'
    | 'microseconds'
    | 'nanoseconds'
  readonly 'interval.handling.mode': 'numeric' | 'string'
}
