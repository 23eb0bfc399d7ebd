export type HealthState = 'starting' | 'standby' | 'up' | 'degraded' | 'down' | 'stopped'

/** State of one background part. `reason` is set unless everything is fine. */
export interface Health {
  readonly name: string
  readonly state: HealthState
  readonly reason?: string
}

const severity: readonly HealthState[] = ['up', 'standby', 'starting', 'degraded', 'down', 'stopped']

/** The part that is worst off; nothing where there is none. `up` and `standby` are well, `degraded` goes on by itself. */
export const worstHealth = (parts: readonly Health[]): Health | undefined =>
  parts.reduce<Health | undefined>(
    (worst, part) =>
      worst === undefined || severity.indexOf(part.state) > severity.indexOf(worst.state) ? part : worst,
    undefined,
  )
