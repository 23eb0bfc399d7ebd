/** Settings of Kafka Connect or of a connector, by their own names. */
export type ConnectSettings = Readonly<Record<string, string | number | boolean>>

export interface ConnectorStatus {
  /** Of its one task, or of the connector while it has none. */
  readonly state: string
  /** The stack trace of a failed one. */
  readonly trace?: string
}

/** The part of Kafka Connect's REST interface that is needed here. */
export interface ConnectRest {
  answers(): Promise<boolean>
  create(name: string, settings: ConnectSettings): Promise<void>
  status(name: string): Promise<ConnectorStatus>
  offset(name: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Ends its task, which keeps its offset and lets go of its slot. */
  stop(name: string): Promise<void>
  resume(name: string): Promise<void>
  remove(name: string): Promise<void>
}

interface StateJson {
  readonly state: string
  readonly trace?: string
}

export const connectRest = (port: number): ConnectRest => {
  const ask = async (path: string, request: RequestInit = {}): Promise<Response> => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...request })
    if (response.ok || response.status === 404) return response
    throw new Error(`Kafka Connect answered ${response.status} to ${path}: ${await response.text()}`)
  }
  return {
    answers: () =>
      ask('/connectors').then(
        ({ ok }) => ok,
        () => false,
      ),
    create: async (name, settings) => {
      const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]))
      await ask('/connectors', { method: 'POST', body: JSON.stringify({ name, config }) })
    },
    status: async (name) => {
      const response = await ask(`/connectors/${name}/status`)
      if (response.status === 404) return { state: 'UNASSIGNED' }
      const status: { readonly connector: StateJson; readonly tasks: readonly StateJson[] } = JSON.parse(
        await response.text(),
      )
      return (
        status.tasks[0] ?? {
          ...status.connector,
          state: status.connector.state === 'FAILED' ? 'FAILED' : 'UNASSIGNED',
        }
      )
    },
    offset: async (name) => {
      const response = await ask(`/connectors/${name}/offsets`)
      const { offsets }: { readonly offsets: readonly { readonly offset: Record<string, unknown> }[] } =
        JSON.parse(await response.text())
      return offsets[0]?.offset
    },
    stop: async (name) => {
      await ask(`/connectors/${name}/stop`, { method: 'PUT' })
    },
    resume: async (name) => {
      await ask(`/connectors/${name}/resume`, { method: 'PUT' })
    },
    remove: async (name) => {
      await ask(`/connectors/${name}`, { method: 'DELETE' })
    },
  }
}
