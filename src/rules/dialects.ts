/**
 * Every dialect's contributor (cold): objects of all dialects -> contributions, those of dialects that the profile's plugin
 * does not enforce left out with a warning.
 */
import type { Problem } from '../documents/document.js';
import { type DialectObject, type DialectObjects, objectName, type PluginDialect } from '../policy/dialects.js';
import { createAdmin } from './admin/contribute.js';
import { createAntrea } from './antrea/contribute.js';
import { createCalico } from './calico/contributor.js';
import { createCilium } from './cilium/index.js';
import type { Contributed, Contribution, Contributor, RuleContext } from './contribution.js';

const NOTHING: Contributed = { contributions: [], problems: [] };

type MakeContributors = {
  readonly [D in PluginDialect]: (context: RuleContext) => Contributor<DialectObjects[D][number]>;
};

const CONTRIBUTORS: MakeContributors = {
  admin: createAdmin,
  antrea: createAntrea,
  calico: createCalico,
  cilium: createCilium,
};

export function createDialects(context: RuleContext): (objects: DialectObjects) => Contributed {
  const names = Object.keys(CONTRIBUTORS) as PluginDialect[];
  const asked = names.map(name =>
    remembering(CONTRIBUTORS[name] as (context: RuleContext) => Contributor<DialectObject>, context),
  );
  return objects => {
    const contributions: Contribution[] = [];
    const problems: Problem[] = [];
    names.forEach((name, i) => {
      const own = objects[name] as readonly DialectObject[];
      if (own.length === 0) return;
      if (!context.profile.enforces.includes(name)) {
        problems.push(...leftOut(own, context));
        return;
      }
      const given = asked[i]!(own);
      contributions.push(...given.contributions);
      problems.push(...given.problems);
    });
    return { contributions, problems };
  };
}

/** The same list of objects gives the same contributions. */
function remembering<T>(make: (context: RuleContext) => Contributor<T>, context: RuleContext): Contributor<T> {
  let contribute: Contributor<T> | null = null;
  let before: { readonly objects: readonly T[]; readonly given: Contributed } = { objects: [], given: NOTHING };
  return objects => {
    contribute ??= make(context);
    const isSame =
      objects.length === before.objects.length && objects.every((object, i) => object === before.objects[i]);
    if (!isSame) before = { objects, given: contribute(objects) };
    return before.given;
  };
}

function leftOut(objects: readonly DialectObject[], { profile }: RuleContext): Problem[] {
  const byKind = new Map<string, DialectObject[]>();
  for (const object of objects) byKind.set(object.kind, [...(byKind.get(object.kind) ?? []), object]);
  return [...byKind].map(([kind, all]) => {
    const [one] = all as [DialectObject];
    const rest = all.length === 1 ? '' : ` and ${all.length - 1} more`;
    return {
      severity: 'warning',
      position: one.position,
      message: `${profile.title} does not enforce ${kind}: verdicts leave out ${objectName(one)}${rest}`,
      hint: 'name the plugin that does with --profile, or leave it out of the input',
    };
  });
}
