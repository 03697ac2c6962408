/**
 * What Proxmox answers to what it does not do. Its words stand in the status line, where its own clients read them;
 * `errors` names single parameters (400 `Parameter verification failed.`).
 */
export class ProxmoxRefusal extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, words: string, errors?: Readonly<Record<string, string>>) {
    super(words);
    this.name = 'ProxmoxRefusal';
    this.status = status;
    this.errors = errors;
  }
}

export const badParameter = (name: string, words: string) =>
  new ProxmoxRefusal(400, 'Parameter verification failed.', { [name]: words });
