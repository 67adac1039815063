import type { Wire } from './wire.ts'

/** Everybody asks again as soon as they are answered, until so many calls are made. Throws where one is answered otherwise. */
export async function closedLoop(
  wires: readonly Wire[],
  requests: readonly string[],
  { calls, status }: { readonly calls: number; readonly status: number },
): Promise<void> {
  let left = calls
  const caller = async (wire: Wire, at: number) => {
    const request = requests[at % requests.length] ?? ''
    while (left-- > 0) {
      const answered = await wire.ask(request)
      if (answered !== status) throw new Error(`${request.split(' ', 2).join(' ')} was answered ${answered}`)
    }
  }
  await Promise.all(wires.map(caller))
}
