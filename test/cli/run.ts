import { runCli } from '../../src/cli/run-cli.ts'

export interface Ran {
  readonly exitCode: number
  readonly out: string
  readonly err: string
  /** The one document that `--json` prints. */
  json(): unknown
}

/** Runs one command in this process. */
export const run = async (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Ran> => {
  let [out, err] = ['', '']
  const exitCode = await runCli(argv, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env,
    interactive: false,
    signal: new AbortController().signal,
  })
  return { exitCode, out, err, json: () => JSON.parse(out) }
}
