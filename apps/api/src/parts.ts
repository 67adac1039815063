// The parts of the API, for its own tests; nobody else imports this package.
export { type AppNeeds, createApp } from './app.ts'
export { freshnessOf } from './freshness-view.ts'
export { errorHandler } from './middleware/error-handler.ts'
export { EXAMPLES } from './openapi/examples.ts'
export { preferredWaitSeconds } from './prefer.ts'
export { createRoutes } from './routes/index.ts'
export { orUnavailable } from './store-availability.ts'
