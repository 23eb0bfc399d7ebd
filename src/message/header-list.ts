import type { HeaderList, HeaderRecord } from './outgoing-record.ts'

/** Tells the two forms of headers apart. */
export const isHeaderList = (headers: HeaderRecord | HeaderList): headers is HeaderList =>
  Array.isArray(headers)

/** Headers of either form, one by one and in order. */
export const headerList = (headers: HeaderRecord | HeaderList): HeaderList =>
  isHeaderList(headers) ? headers : Object.entries(headers)

/** The value of the last header of a name, as Kafka's `lastHeader`; undefined where there is none. */
export const lastHeader = (
  headers: HeaderRecord | HeaderList,
  name: string,
): string | Buffer | null | undefined => headerList(headers).findLast(([other]) => other === name)?.[1]
