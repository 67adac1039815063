import { readFileSync } from 'node:fs'

const PAGE = new URL('../../docs/operations/deploy.md', import.meta.url)

export interface DocumentedRights {
  /** Rules of `ACL SETUSER`, behind the name and the password. */
  readonly redis: readonly string[]
  /** Patterns of `set_permissions`: configure, write, read. */
  readonly rabbitmq: readonly string[]
}

/** The rights that operators are told to give the service, as they are printed. Throws where the page has none. */
export function documentedRights(): DocumentedRights {
  const page = readFileSync(PAGE, 'utf8')
  const words = (line: RegExp) => {
    const [, rights] = line.exec(page) ?? []
    if (!rights) throw new Error(`docs/operations/deploy.md has nothing like ${line}`)
    return rights.trim().split(/\s+/)
  }
  return {
    redis: words(/ACL SETUSER bg-ingest on '>[^']+' (.+)/),
    rabbitmq: words(/rabbitmqctl set_permissions bg-ingest (.+)/).map((pattern) => pattern.replaceAll("'", '')),
  }
}
