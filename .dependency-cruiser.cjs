// The arrows of the two pipelines, checked: a folder may import only what stands before it.
//   compile:  documents -> cluster, policy -> rules -> tree
//   replay:   capture -> packet -> flow -> verdict -> report
const engine =
  '^src/(capture|compression|packet|documents|cluster|policy|profile|names|streams|requests|mesh|rules|enforcer|tree|flow|verdict|memory|threads|generate|where|lint|kept|lessons|completion|stepping|parts)/';
const only = (folder, allowed, files = []) => ({
  name: `${folder}-arrows`,
  comment: `src/${folder} may import only: ${allowed.join(', ') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [`^src/(${[folder, ...allowed].join('|')})/`, ...files] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'engine-runs-in-a-browser',
      comment: 'the engine imports nothing of Node; files and processes belong to src/cli and src/node',
      severity: 'error',
      from: { path: engine },
      to: { dependencyTypes: ['core'] },
    },
    only('memory', []),
    only('documents', []),
    only('capture', ['memory']),
    only('compression', ['capture']),
    only('packet', ['capture', 'memory']),
    only('cluster', ['documents']),
    only('policy', ['documents', 'cluster']),
    only('profile', []),
    only('streams', []),
    only('requests', ['streams']),
    only('rules', ['documents', 'cluster', 'policy', 'profile', 'names', 'requests']),
    // Not from the rules: what it writes is held against them.
    only('enforcer', ['documents', 'cluster', 'policy', 'profile']),
    only('names', ['capture', 'packet', 'streams']),
    // A layer of its own: it knows nothing of the plugin's rules.
    only('mesh', ['documents', 'cluster', 'policy', 'requests']),
    only('tree', ['documents', 'cluster', 'packet', 'rules', 'memory']),
    only('generate', ['rules']),
    only('where', ['documents', 'packet']),
    only('flow', ['packet', 'capture', 'memory']),
    only('verdict', [
      'documents',
      'capture',
      'packet',
      'cluster',
      'policy',
      'names',
      'streams',
      'requests',
      'mesh',
      'rules',
      'tree',
      'flow',
      'memory',
    ]),
    // A report is given what was compiled.
    only(
      'report',
      [
        'documents',
        'capture',
        'packet',
        'cluster',
        'policy',
        'profile',
        'rules',
        'tree',
        'flow',
        'verdict',
        'memory',
        'where',
      ],
      ['^src/compile\\.ts$'],
    ),
    // Partial results: of shards of a run, joined to what one run gives.
    only('parts', ['profile', 'report', 'verdict'], ['^src/compile\\.ts$']),
    // Questions about compiled policies, without a capture.
    only('matrix', ['cluster', 'packet', 'profile', 'rules', 'tree', 'verdict', 'report'], ['^src/compile\\.ts$']),
    only(
      'query',
      ['cluster', 'packet', 'profile', 'requests', 'mesh', 'rules', 'tree', 'verdict', 'report'],
      ['^src/compile\\.ts$'],
    ),
    // Two sets of policies: over captures as `compare` replays them, without captures over the whole matrix.
    only(
      'diff',
      ['documents', 'capture', 'cluster', 'packet', 'profile', 'rules', 'tree', 'verdict', 'report', 'matrix'],
      ['^src/(compare|compile|replay)\\.ts$'],
    ),
    // A capture judged once and judged again: what replays make of it, for whoever shows it.
    only(
      'kept',
      ['capture', 'cluster', 'packet', 'rules', 'tree', 'flow', 'verdict', 'report', 'diff', 'where'],
      ['^src/(compare|compile|replay|replay-memory)\\.ts$'],
    ),
    // What a command of its own asks, through the questions and the summary.
    only(
      'cases',
      ['documents', 'cluster', 'packet', 'profile', 'verdict', 'query', 'report', 'matrix', 'rules'],
      ['^src/compile\\.ts$'],
    ),
    // One packet, or one question: it looks into every stage.
    only(
      'explain',
      [
        'documents',
        'capture',
        'cluster',
        'packet',
        'policy',
        'profile',
        'rules',
        'tree',
        'flow',
        'verdict',
        'query',
        'report',
      ],
      ['^src/(compile|replay)\\.ts$'],
    ),
    // What a page shows of a packet: the explanation, and what stands around it.
    only(
      'stepping',
      ['documents', 'capture', 'packet', 'profile', 'rules', 'tree', 'flow', 'verdict', 'report', 'explain'],
      ['^src/(compile|replay|replay-memory)\\.ts$'],
    ),
    // The course: it asks what the commands ask, and what connection tracking and the tree do.
    only(
      'lessons',
      [
        'compression',
        'documents',
        'capture',
        'packet',
        'cluster',
        'policy',
        'profile',
        'tree',
        'flow',
        'verdict',
        'query',
        'report',
        'cases',
        'where',
      ],
      ['^src/(compile|replay)\\.ts$'],
    ),
    // What may be written at a place of a policy that is not finished.
    only('completion', ['documents', 'cluster', 'policy', 'report']),
    only('lint', ['documents', 'cluster', 'policy', 'profile', 'rules', 'report'], ['^src/compile\\.ts$']),
    only(
      'suggest',
      ['documents', 'capture', 'packet', 'cluster', 'profile', 'rules', 'tree', 'verdict', 'report'],
      ['^src/(compile|suggest)\\.ts$'],
    ),
    // It is handed what it serves: of documents and captures it knows names and bytes.
    only('server', []),
    // Work that is shared among machines: an edge of its own, beside the command line.
    only('queue', ['node', 'documents', 'profile', 'parts'], ['^src/compile\\.ts$']),
    only('threads', ['capture', 'packet', 'verdict', 'report', 'memory'], ['^src/packets\\.ts$']),
    {
      name: 'commands-load-late',
      comment: 'the command line and its help load nothing that only a running command needs',
      severity: 'error',
      from: { path: '^src/cli/(main|options|config-options|reference|generate|generate-capture|[a-z]+-command)\\.ts$' },
      to: {
        path: '^src/(compile|replay|server/[a-z-]+|queue/(?!errors\\.)[a-z-]+|cli/(documents|live|live-policies|submit|worker|status|fetch|replay|part|merge|query|matrix|diff|compile|bench|generate-ends|test|init|explain|lint|suggest|learn|learn-folder|learn-text|ui|ui-workspace|completion|config))\\.ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'engine-stays-in-the-worker',
      comment: 'the page itself takes only types of the engine; what is judged is judged in the worker',
      severity: 'error',
      from: { path: '^web/(app|editor)/' },
      to: { path: '^(src|web/worker)/', pathNot: '^web/worker/protocol\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'page-runs-in-a-browser',
      severity: 'error',
      from: { path: '^web/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'edges-are-edges',
      severity: 'error',
      from: { pathNot: '^(src/(cli|node|queue|server)|web)/' },
      to: { path: '^src/(cli|node|queue|server)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
