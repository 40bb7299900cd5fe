/**
 * The JSON Schemas of docs/schemas, for real output to be held against.
 *
 * In:  a schema's name as outputs say it (`policap.matrix/1`) and a value.  Out: what is wrong with it, in words; [] if nothing.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false });

export function schemaErrors(name: string, value: unknown): string[] {
  const file = `docs/schemas/${name.replace('/', '-')}.json`;
  const validate = ajv.getSchema(name) ?? ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
