import type { Caller, Endpoint, Exchange, Reply } from '../exchange.ts'
import type { Application } from './application.ts'

/** A path of one region, and what the application that calls has to do with it. */
export interface FoundRoute {
  readonly endpoint: Endpoint
  readonly caller: Caller
  /** Null where the request names none that is known here. */
  readonly application: Application | null
  readonly answer: () => Reply
}

export interface CombinedRoutes {
  /** Null where no route has this path and method. */
  readonly find: (exchange: Exchange) => FoundRoute | null
  readonly hasPath: (path: string) => boolean
}

/** The same paths for all applications of a region; each request goes to the one it speaks for. */
export function combineRoutes(applications: readonly [Application, ...Application[]]): CombinedRoutes {
  const [first] = applications
  return {
    find: (exchange) => {
      const application = applications.find(({ isCaller }) => isCaller(exchange)) ?? null
      // A stranger is refused by the routes of whichever application: there is no telling them apart from outside.
      const { routes } = application ?? first
      const route = routes.find(({ method, path }) => method === exchange.method && path === exchange.path)
      if (!route) return null
      return {
        endpoint: route.endpoint,
        caller: route.identify(exchange),
        application,
        answer: () => route.handle(exchange),
      }
    },
    hasPath: (path) => first.routes.some((route) => route.path === path),
  }
}
