import { getInput } from '@actions/core';
import { parseRequest, type Request } from './request.ts';

/** The Action's inputs as a request. Lists are separated by commas or newlines. */
export function readInputs(): Request {
  const text = (name: string) => {
    const value = getInput(name);
    return value === '' ? {} : { [name]: value };
  };
  const list = (name: string) => ({
    [name]: getInput(name)
      .split(/[,\n]/)
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  });
  return parseRequest(
    {
      ...text('command'),
      ...text('castle'),
      ...text('report'),
      ...list('only'),
      ...text('from'),
      ...list('fault'),
      ...text('seed'),
    },
    (option) => `\`${option}:\``,
  );
}
