import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import type { Database } from './database.ts';
import { forget, recall, remember, stats } from './memories.ts';
import { causeOf } from './web.ts';

/** The castle's memory as tools of the Model Context Protocol. Each answers with JSON as text. */
export function memoryTools(database: Database): McpServer {
  const server = new McpServer({ name: 'mnemosyne', version: '1.0.0' });
  server.registerTool(
    'remember',
    {
      description: 'Keeps a text, and answers with its id and hash.',
      inputSchema: {
        text: z.string().min(1).max(100_000),
        tags: z.array(z.string().min(1).max(100)).max(32).optional(),
      },
    },
    ({ text, tags }) => answer(remember(database, text, tags ?? [])),
  );
  server.registerTool(
    'recall',
    {
      description: 'Finds memories by words of their text or by a tag, the newest first.',
      inputSchema: { query: z.string().min(1).max(1_000), limit: z.int().min(1).max(100).default(10) },
      annotations: { readOnlyHint: true },
    },
    ({ query, limit }) => answer(recall(database, query, limit)),
  );
  server.registerTool(
    'forget',
    {
      description: 'Deletes one memory.',
      inputSchema: { id: z.string().regex(/^\d{1,18}$/) },
      annotations: { destructiveHint: true },
    },
    ({ id }) => answer(forget(database, id).then((forgotten) => ({ id, forgotten }))),
  );
  server.registerTool(
    'stats',
    { description: 'Counts the memories.', annotations: { readOnlyHint: true } },
    () => answer(stats(database)),
  );
  return server;
}

async function answer(work: Promise<unknown>) {
  try {
    return { content: [{ type: 'text' as const, text: JSON.stringify(await work) }] };
  } catch (error) {
    const text = `the database does not answer: ${causeOf(error)}`;
    return { content: [{ type: 'text' as const, text }], isError: true };
  }
}
