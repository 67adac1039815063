// The parts of a worker, for its own tests; nobody else imports this package.
export { createExaminationRounds } from './examination-rounds.ts'
export { createOnGaveUp } from './gave-up.ts'
export { createHandlers, type HandlerNeeds } from './handlers.ts'
export { startHealthServer } from './health-server.ts'
export { createOnPoison } from './poison.ts'
export { createReconciler, type ReconcilerNeeds, type ReconcilerTiming } from './reconciler.ts'
export { shutdownPlan } from './shutdown-plan.ts'
export { createWatchdog } from './watchdog.ts'
