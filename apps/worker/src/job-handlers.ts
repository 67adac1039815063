import type { JobHandlers } from '@bg-ingest/queue'
import type { WorkerContext } from './context.ts'
import { createHandlers } from './handlers.ts'
import { erasingLateWrites } from './late-writes.ts'

type Needs = Pick<WorkerContext, 'tracing' | 'handlerNeeds' | 'ports' | 'logger' | 'hashUser'>

/** What a process that runs jobs does with each: traced, and with what follows a lost lease. */
export const createJobHandlers = ({ tracing, handlerNeeds, ...needs }: Needs): JobHandlers =>
  tracing.handlers(erasingLateWrites(createHandlers(handlerNeeds), needs))
