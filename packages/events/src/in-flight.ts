/** A bound on what is under way, first come first served. */
export interface InFlight {
  /** Resolves once there is room, with what gives the room back. */
  enter(): Promise<() => void>
}

export function createInFlight(most: number): InFlight {
  const waiting: (() => void)[] = []
  let inside = 0

  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else inside -= 1
  }

  return {
    async enter() {
      if (inside < most) inside += 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return leave
    },
  }
}
