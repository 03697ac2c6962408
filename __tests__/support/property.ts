import * as fc from 'fast-check';

/** `fc.assert` for properties that are no promises: its overloads make the linter see one that nobody awaits. */
export const holds: <T>(property: fc.IProperty<T>) => void = fc.assert;
