import { request } from 'node:http';
import { z } from 'zod';

const processList = z.array(z.object({ name: z.string(), pid: z.number() }));

/** What the host that listens on `socketPath` runs now. */
export function askProcesses(socketPath: string): Promise<z.infer<typeof processList>> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/processes', timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(processList.parse(JSON.parse(Buffer.concat(chunks).toString()))));
    });
    asked.on('timeout', () => asked.destroy(new Error('the host did not answer within 5 s')));
    asked.on('error', reject);
    asked.end();
  });
}
