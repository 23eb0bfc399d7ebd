import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerClassPath } from '../../stack/install/broker-jars.mjs'
import { freePorts } from '../../stack/src/free-port.ts'
import { formatStorage, startProcess } from '../../stack/src/kafka-process.ts'
import { watchHome } from '../../stack/src/watch-orphan.ts'

export interface SaslBroker {
  /** The address that asks for credentials. */
  readonly address: string
  /** The one that asks nobody. */
  readonly openAddress: string
  close(): Promise<void>
}

/** Whoever comes without credentials may do everything, others what is not denied them. */
const authorizer = [
  'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users=User:ANONYMOUS',
  'allow.everyone.if.no.acl.found=true',
]

export interface SaslBrokerOptions {
  /** Obeys access control lists (`changeAccess`). Default false. */
  readonly authorizes?: boolean
}

/** A broker of its own with a second listener, where SASL PLAIN is asked for. */
export const startSaslBroker = async (
  username: string,
  password: string,
  { authorizes = false }: SaslBrokerOptions = {},
): Promise<SaslBroker> => {
  const folder = await mkdtemp(join(tmpdir(), 'onewrite-sasl-'))
  const [client = 0, controller = 0, sasl = 0] = await freePorts(3)
  const classPath = await brokerClassPath()
  const home = { folder, classPath, ports: { client, controller }, temporary: true }
  await formatStorage(home)
  const file = join(folder, 'server.properties')
  const address = `127.0.0.1:${sasl}`
  const properties = await readFile(file, 'utf8')
  await writeFile(
    file,
    properties
      .replace(/^(listeners=.*)$/m, `$1,CHECKED://${address}`)
      .replace(/^(advertised\.listeners=.*)$/m, `$1,CHECKED://${address}`)
      .replace(/^(listener\.security\.protocol\.map=.*)$/m, '$1,CHECKED:SASL_PLAINTEXT'),
  )
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  await appendFile(
    file,
    `sasl.enabled.mechanisms=PLAIN\nlistener.name.checked.plain.sasl.jaas.config=${login} required user_${username}="${password}";\n`,
  )
  if (authorizes) await appendFile(file, `${authorizer.join('\n')}\n`)
  const callOff = watchHome(folder, false)
  const broker = await startProcess(home)
  return {
    address,
    openAddress: `127.0.0.1:${client}`,
    close: async () => {
      await broker.end('SIGKILL')
      callOff()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
