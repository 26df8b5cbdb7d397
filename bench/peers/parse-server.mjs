// parse-server as its own documentation starts it, with as many workers as ours: places come in over its REST API.
import cluster from 'node:cluster'
import http from 'node:http'
import express from 'express'
import { ParseServer } from 'parse-server'

const { HOST, PORT, WORKERS, PG_HOST, PG_USER, PG_PASSWORD, PG_DATABASE } = process.env

async function serve() {
  const server = new ParseServer({
    databaseURI: 'postgres://localhost/' + PG_DATABASE,
    databaseOptions: { host: PG_HOST, user: PG_USER, password: PG_PASSWORD, database: PG_DATABASE, poolSize: 20 },
    appId: 'bench',
    masterKey: 'bench',
    serverURL: `http://${HOST}:${PORT}/parse`,
    logLevel: 'error',
    silent: true,
    logsFolder: null,
    allowClientClassCreation: true,
  })
  await server.start()
  const app = express()
  app.get('/healthz', (_, answer) => answer.send('ok'))
  app.use('/parse', server.app)
  http.createServer(app).listen(Number(PORT), HOST, () => process.send?.('up'))
}

if (cluster.isPrimary) {
  // the first makes the tables; the others follow once it serves
  const first = cluster.fork()
  first.once('message', () => {
    for (let others = 1; others < Number(WORKERS); others++) cluster.fork()
  })
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL')
    process.exit(0)
  })
} else {
  await serve()
}
