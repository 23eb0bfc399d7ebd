export type HealthState = 'starting' | 'standby' | 'up' | 'degraded' | 'down' | 'stopped'

/** State of one background part. `reason` is set unless everything is fine. */
export interface Health {
  readonly name: string
  readonly state: HealthState
  readonly reason?: string
}
