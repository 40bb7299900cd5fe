/**
 * Plain (unquoted) YAML scalars, as the Kubernetes tools read them.
 *
 * kubectl and the API server read YAML through sigs.k8s.io/yaml, whose resolver is that of YAML 1.1 with exceptions:
 * `yes`, `no`, `on`, `off`, `y` and `n` are booleans, 0777 is octal, 1_000 is a number; base 60 and timestamps are not
 * known, they stay strings. Source: https://github.com/kubernetes-sigs/yaml, goyaml.v2/resolve.go.
 */
const NAMED = new Map<string, boolean | null | number>([
  ...['', '~', 'null', 'Null', 'NULL'].map(s => [s, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(s => [s, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(s => [s, false] as const),
  ...['.nan', '.NaN', '.NAN'].map(s => [s, Number.NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(s => [s, Number.POSITIVE_INFINITY] as const),
  ...['-.inf', '-.Inf', '-.INF'].map(s => [s, Number.NEGATIVE_INFINITY] as const),
]);

const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const LONGEST_NAME = 5;

export function resolvePlain(text: string): string | number | boolean | null {
  if (text.length <= LONGEST_NAME) {
    const named = NAMED.get(text);
    if (named !== undefined) return named;
  }
  const first = text.charCodeAt(0);
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) return text;
  const plain = first === 46 ? text : text.replaceAll('_', '');
  const integer = INTEGER.exec(plain);
  if (integer !== null) {
    const [, sign, hex, octal, binary, decimal] = integer;
    const magnitude =
      decimal !== undefined
        ? Number(decimal)
        : hex !== undefined
          ? Number.parseInt(hex, 16)
          : octal !== undefined
            ? Number.parseInt(octal, 8)
            : Number.parseInt(binary!, 2);
    return sign === '-' && magnitude !== 0 ? -magnitude : magnitude;
  }
  return FLOAT.test(plain) ? Number(plain) : text;
}
