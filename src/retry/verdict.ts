/**
 * - `transient`: the same call can succeed later by itself
 * - `permanent`: it fails until a person changes something
 * - `unknown`: cannot be told; try a few times
 */
export type Verdict = 'transient' | 'permanent' | 'unknown'
