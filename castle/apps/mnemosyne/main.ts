import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { consolePage } from './console.ts';
import { type Database, database } from './database.ts';
import { prepareMemories } from './memories.ts';
import { memoryTools } from './tools.ts';
import { type Handler, webServer } from './web.ts';

const usage = 'usage: mnemosyne serve|console, with DATABASE_URL (and PORT, 8080 where left out)\n';
/** Longer than PostgreSQL takes to start, shorter than a client waits for an answer. */
const patienceMs = 8_000;
/** What is in flight may take its statement's time. */
const graceMs = 10_000;

/** Each request is a session of its own: nothing is kept between two, so any replica can answer. */
function mcp(memory: Database): Handler {
  return async (request, response) => {
    const server = memoryTools(memory);
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    response.on('close', () => {
      void server.close();
    });
    // Its optional members are declared without undefined.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    await transport.handleRequest(request, response);
  };
}

const [mode] = process.argv.slice(2);
const { DATABASE_URL: url, PORT: port = '8080' } = process.env;
if (url === undefined || (mode !== 'serve' && mode !== 'console')) {
  process.stderr.write(usage);
  process.exit(2);
}
const memory = database({ url, patienceMs, ...(mode === 'serve' ? { prepare: prepareMemories } : {}) });
const server = webServer(
  memory,
  mode === 'serve' ? { 'POST /mcp': mcp(memory) } : { 'GET /': consolePage(memory) },
);
server.listen(Number(port), () => {
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  process.stdout.write(`mnemosyne ${mode}: listening on ${bound}\n`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(async () => {
      await memory[Symbol.asyncDispose]();
      process.exit(0);
    });
    server.closeIdleConnections();
    setTimeout(() => process.exit(1), graceMs).unref();
  });
}
