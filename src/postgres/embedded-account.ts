import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The account that runs the server, where it is not the current one. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const nobody: Account = { uid: 65534, gid: 65534 }

/** PostgreSQL refuses to run as root; the account `nobody` exists everywhere. Undefined: the current one will do. */
export const serverAccount = (): Account | undefined => (process.getuid?.() === 0 ? nobody : undefined)

const permits = async (path: string, { uid, gid }: Account, bits: number): Promise<boolean> => {
  const found = await stat(path)
  if (found.uid === uid) return ((found.mode >> 6) & bits) === bits
  if (found.gid === gid) return ((found.mode >> 3) & bits) === bits
  return (found.mode & bits) === bits
}

/** Whether `account` may pass through `folder` and every folder above it. */
export const canPass = async (folder: string, account: Account): Promise<boolean> => {
  if (!(await permits(folder, account, 0o1))) return false
  return folder === dirname(folder) || canPass(dirname(folder), account)
}

/** Whether `account` may read and run the file. */
export const canRun = async (file: string, account: Account): Promise<boolean> =>
  (await canPass(dirname(file), account)) && permits(file, account, 0o5)
