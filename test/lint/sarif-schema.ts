/**
 * The part of SARIF 2.1.0 that is written, as a closed JSON Schema: properties by the specification's sections (OASIS,
 * "Static Analysis Results Interchange Format (SARIF) Version 2.1.0").
 */
const object = (required: readonly string[], properties: Record<string, object>): object => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});
const text = { type: 'string', minLength: 1 };
const level = { enum: ['none', 'note', 'warning', 'error'] };
const positive = { type: 'integer', minimum: 1 };

/** 3.12 */
const message = object(['text'], { text });

/** 3.29, 3.30: lines and columns count from 1. */
const physicalLocation = object(['artifactLocation'], {
  // 3.4: a URI reference.
  artifactLocation: object(['uri'], { uri: { type: 'string', pattern: '^[^\\s\\\\<>]+$' } }),
  region: object(['startLine', 'startColumn'], { startLine: positive, startColumn: positive }),
});

export const SARIF_SCHEMA = object(['$schema', 'version', 'runs'], {
  $schema: { type: 'string', pattern: '^https://' },
  version: { const: '2.1.0' },
  runs: {
    type: 'array',
    minItems: 1,
    items: object(['tool', 'results'], {
      // 3.18, 3.19, 3.49
      tool: object(['driver'], {
        driver: object(['name', 'version', 'rules'], {
          name: text,
          version: text,
          rules: {
            type: 'array',
            uniqueItems: true,
            items: object(['id'], {
              id: text,
              shortDescription: message,
              help: message,
              defaultConfiguration: object([], { level }),
            }),
          },
        }),
      }),
      // 3.14.17
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      // 3.27
      results: {
        type: 'array',
        items: object(['message', 'ruleId', 'ruleIndex', 'level', 'locations', 'partialFingerprints'], {
          ruleId: text,
          ruleIndex: { type: 'integer', minimum: 0 },
          level,
          message,
          locations: {
            type: 'array',
            minItems: 1,
            maxItems: 1,
            items: object(['physicalLocation'], { physicalLocation }),
          },
          // 3.27.17: names end in a version, values are strings.
          partialFingerprints: {
            type: 'object',
            minProperties: 1,
            patternProperties: { '^[^/]+(/[^/]+)*/v[1-9][0-9]*$': text },
            additionalProperties: false,
          },
        }),
      },
    }),
  },
});
