/**
 * The entry of `dist/postgres.js`: the client for PostgreSQL. Only a castle with a witness needs it, so it is a bundle of
 * its own (see load.ts). Not the package's index, whose getter for a native addon a bundler cannot resolve.
 */
export { default as Client } from 'pg/lib/client.js';
