import { v7 } from 'uuid'

/** A UUID, version 7: grows with time, so that ids of one process sort by their making. */
export const newId = (): string => v7()
