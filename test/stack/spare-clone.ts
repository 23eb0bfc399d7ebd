import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const client = '@confluentinc/kafka-javascript'

/** A clone with its npm packages, as after `npm ci --ignore-scripts`: the Kafka client is there and not compiled. */
export interface SpareClone {
  readonly folder: string
  readonly cache: string
  /** Puts a program in front of PATH that prints a line and ends with this code. */
  replaceProgram(name: string, exitCode: number, says?: string): void
  run(...words: readonly string[]): { readonly code: number | null; readonly output: string }
}

const linkModules = (from: string, to: string, except: readonly string[]): void => {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter((entry) => !except.includes(entry))) {
    symlinkSync(join(from, name), join(to, name))
  }
}

const copyClient = (modules: string): void => {
  const to = join(modules, client)
  mkdirSync(to, { recursive: true })
  for (const name of ['package.json', 'lib', 'librdkafka.js', 'util', 'binding.gyp']) {
    cpSync(join(root, 'node_modules', client, name), join(to, name), { recursive: true })
  }
}

const modulesOf = (folder: string): void => {
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')]
  linkModules(from, to, ['@confluentinc', '.vite', '.vite-temp', '.cache', '.package-lock.json'])
  cpSync(join(from, '.package-lock.json'), join(to, '.package-lock.json'))
  copyClient(to)
}

/** The address of a prebuilt client leads nowhere, so that the network of the machine does not decide the test. */
const closedNetwork = {
  npm_config_confluent_kafka_javascript_binary_host_mirror: 'http://127.0.0.1:9/',
}

export const spareClone = (options: { readonly installed: boolean }): SpareClone => {
  const folder = mkdtempSync(join(tmpdir(), 'onewrite-clone-'))
  const [cache, programs] = [join(folder, '.cache'), join(folder, '.programs')]
  mkdirSync(programs)
  for (const name of ['package.json', 'package-lock.json', 'stack/run.mjs', 'stack/install', 'stack/kafka']) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  if (options.installed) modulesOf(folder)
  return {
    folder,
    cache,
    replaceProgram: (name, exitCode, says = '') => {
      writeFileSync(join(programs, name), `#!/bin/sh\necho '${says}'\nexit ${exitCode}\n`)
      chmodSync(join(programs, name), 0o755)
    },
    run: (...words) => {
      const env = { ...process.env, ...closedNetwork, ONEWRITE_CACHE: cache, CI: '' }
      const result = spawnSync(process.execPath, [...words], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...env, PATH: `${programs}:${process.env['PATH']}` },
      })
      return { code: result.status, output: result.stdout + result.stderr }
    },
  }
}
