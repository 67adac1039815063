import { openWire, type Wire } from './wire.ts'

/** Connections for callers who do not wait for each other: who finds none idle opens one more. */
export interface WirePool {
  ask(request: string): Promise<number>
  /** How many there are. */
  size(): number
  close(): void
}

export function openPool(port: number): WirePool {
  const all = new Set<Wire>()
  const idle: Wire[] = []
  const open = async (): Promise<Wire> => {
    const wire = await openWire(port)
    all.add(wire)
    return wire
  }
  return {
    async ask(request) {
      const wire = idle.pop() ?? (await open())
      try {
        const status = await wire.ask(request)
        idle.push(wire)
        return status
      } catch (err) {
        all.delete(wire)
        throw err
      }
    },
    size: () => all.size,
    close() {
      for (const wire of all) wire.close()
    },
  }
}
