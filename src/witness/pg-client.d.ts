declare module 'pg/lib/client.js' {
  // biome-ignore lint/style/noDefaultExport: the package's own way.
  export { Client as default } from 'pg';
}
