import type { OnewriteError } from './onewrite-error.ts'

/** What happened, without the fix and the code that its message ends with, for where those are shown apart. */
export const withoutFix = ({ message, fix, code }: OnewriteError): string =>
  message.slice(0, -`. ${fix} [${code}]`.length)
