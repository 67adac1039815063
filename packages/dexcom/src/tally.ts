/** How many of what, by name. */
export type Tally = ReadonlyMap<string, number>

/** Adds one to a count. */
export const count = <Name>(counts: Map<Name, number>, name: Name) => counts.set(name, (counts.get(name) ?? 0) + 1)

export const total = (counts: Tally): number => [...counts.values()].reduce((sum, n) => sum + n, 0)

export function addTallies(tallies: readonly Tally[]): Tally {
  const sums = new Map<string, number>()
  for (const counts of tallies) for (const [name, n] of counts) sums.set(name, (sums.get(name) ?? 0) + n)
  return sums
}
