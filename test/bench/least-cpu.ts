/**
 * CPU microseconds of each kind of work: the least of many short rounds, taken in turn. What disturbs a round makes it
 * dearer, never cheaper, so the least of them hardly depends on what else the machine does.
 */
export async function leastCpu<Name extends string>(
  works: Readonly<Record<Name, () => unknown>>,
  { rounds, times }: { readonly rounds: number; readonly times: number },
): Promise<Readonly<Record<Name, number>>> {
  const least = Object.fromEntries(Object.keys(works).map((name) => [name, Number.POSITIVE_INFINITY]))
  for (let round = 0; round < rounds; round += 1)
    for (const [name, work] of Object.entries<() => unknown>(works)) {
      const from = process.cpuUsage()
      for (let n = 0; n < times; n += 1) await work()
      const { user, system } = process.cpuUsage(from)
      least[name] = Math.min(Number(least[name]), (user + system) / times)
    }
  return least as Record<Name, number>
}
