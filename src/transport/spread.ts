interface Spreading<Part, Owner> {
  readonly parts: readonly Part[]
  readonly owners: readonly Owner[]
  ownerOf(part: Part): Owner | undefined
  /** Whether this owner can have this part. */
  suits(owner: Owner, part: Part): boolean
}

/**
 * Who is to have which part: as even as can be, and of what is owned no more moves than that takes. Parts that suit
 * nobody have no owner.
 */
export const spread = <Part, Owner>(spreading: Spreading<Part, Owner>): ReadonlyMap<Part, Owner> => {
  const { parts, owners, ownerOf, suits } = spreading
  const target = new Map<Part, Owner>()
  const load = new Map(owners.map((owner) => [owner, 0]))
  const loadOf = (owner: Owner): number => load.get(owner) ?? 0
  const give = (part: Part, owner: Owner): void => {
    const before = target.get(part)
    if (before !== undefined) load.set(before, loadOf(before) - 1)
    target.set(part, owner)
    load.set(owner, loadOf(owner) + 1)
  }
  const leastOf = (part: Part): Owner | undefined => {
    const able = owners.filter((owner) => suits(owner, part))
    return able.reduce<Owner | undefined>(
      (least, owner) => (least === undefined || loadOf(owner) < loadOf(least) ? owner : least),
      undefined,
    )
  }
  for (const part of parts) {
    const owner = ownerOf(part)
    if (owner !== undefined && load.has(owner)) give(part, owner)
  }
  for (const part of parts) {
    const least = leastOf(part)
    if (!target.has(part) && least !== undefined) give(part, least)
  }
  // Each move makes the sum of the squares of the loads smaller, so this ends.
  for (let moved = true; moved; ) {
    moved = false
    for (const [part, owner] of target) {
      const least = leastOf(part)
      if (least === undefined || loadOf(owner) - loadOf(least) < 2) continue
      give(part, least)
      moved = true
    }
  }
  return target
}
