// node --import ./globs.mjs: @modelcontextprotocol/conformance imports fs.globSync, which Node has from 22 on, and which
// the scenarios for clients never call.

import { register } from 'node:module';

const hook = `
const FS = 'data:text/javascript,export * from "node:fs"; export const globSync = () => [];';

export const resolve = (name, context, next) => (
  name === 'fs' && context.parentURL.includes('/conformance/') ? { url: FS, shortCircuit: true } : next(name, context));
`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
