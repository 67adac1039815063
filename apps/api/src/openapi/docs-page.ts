import { fileURLToPath } from 'node:url'
import { type RequestHandler, Router } from 'express'
import { contentPolicy } from '../middleware/content-policy.ts'

// Every script and style is a file of this origin, so that the page's policy needs no exception.
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>BG Ingest API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

// Tokens stay in the page's memory: nothing is kept in the browser. Without validatorUrl a badge would be asked for elsewhere.
const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null,
})
`

const ASSETS = {
  'swagger-ui.css': import.meta.resolve('swagger-ui-dist/swagger-ui.css'),
  'swagger-ui-bundle.js': import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
}

/** The contract at `/openapi.json`, and Swagger UI over it at `/docs`, served whole from here. */
export function docsPages(document: object): RequestHandler {
  const text = JSON.stringify(document)
  const router = Router()
  router.get('/openapi.json', (_req, res) => {
    res.locals['route'] = '/openapi.json'
    res.set('Cache-Control', 'public, max-age=300').type('application/json').send(text)
  })
  router.use('/docs', contentPolicy(), (_req, res, next) => {
    res.locals['route'] = '/docs'
    res.set('Cache-Control', 'public, max-age=300')
    next()
  })
  router.get('/docs', (_req, res) => void res.type('html').send(PAGE))
  router.get('/docs/start.js', (_req, res) => void res.type('js').send(START))
  for (const [name, url] of Object.entries(ASSETS)) {
    const path = fileURLToPath(url)
    // pnpm keeps packages below a folder whose name begins with a dot.
    router.get(`/docs/${name}`, (_req, res) => res.sendFile(path, { cacheControl: false, dotfiles: 'allow' }))
  }
  return router
}
