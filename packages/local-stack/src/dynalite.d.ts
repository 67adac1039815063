declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface DynaliteOptions {
    readonly createTableMs?: number
    readonly updateTableMs?: number
    readonly deleteTableMs?: number
  }
  function dynalite(options?: DynaliteOptions): Server
  export = dynalite
}
