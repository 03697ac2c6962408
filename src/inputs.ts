import { getInput } from '@actions/core';
import { type OptionKind, optionKinds, parseRequest, type Request } from './request.ts';

/** The Action's inputs as a request. Lists are separated by commas or newlines. */
export function readInputs(): Request {
  const given = [['command', 'text'] as const, ...optionKinds].map(([name, kind]) => readers[kind](name));
  return parseRequest(Object.assign({}, ...given), (option) => `\`${option}:\``);
}

const readers: Readonly<Record<OptionKind, (name: string) => Record<string, unknown>>> = {
  text(name) {
    // As it was typed: what is nearly the name of the castle is not its name.
    const value = getInput(name, { trimWhitespace: name !== 'confirm' });
    return value === '' ? {} : { [name]: value };
  },
  // Anything else goes to the schema as it is, which refuses it.
  flag(name) {
    const value = getInput(name);
    return value === '' ? {} : { [name]: value === 'true' || (value === 'false' ? false : value) };
  },
  list: (name) => ({
    [name]: getInput(name)
      .split(/[,\n]/)
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  }),
};
