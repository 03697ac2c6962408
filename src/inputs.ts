import { getInput, type InputOptions } from '@actions/core';
import { parseRequest, type Request } from './request.ts';

/** The Action's inputs as a request. Lists are separated by commas or newlines. */
export function readInputs(): Request {
  const text = (name: string, options: InputOptions = {}) => {
    const value = getInput(name, options);
    return value === '' ? {} : { [name]: value };
  };
  // Anything else goes to the schema as it is, which refuses it.
  const flag = (name: string) => {
    const value = getInput(name);
    return value === '' ? {} : { [name]: value === 'true' || (value === 'false' ? false : value) };
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
      ...flag('trust'),
      ...flag('changes'),
      ...flag('comment'),
      ...text('from'),
      ...text('mode'),
      ...text('runners'),
      // As it was typed: what is nearly the name of the castle is not its name.
      ...text('confirm', { trimWhitespace: false }),
      ...text('reports'),
      ...flag('history'),
      ...list('results'),
      ...flag('affected'),
      ...text('base'),
      ...list('fault'),
      ...text('seed'),
    },
    (option) => `\`${option}:\``,
  );
}
