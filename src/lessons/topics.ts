/**
 * What the course is about (data): the ten questions that are asked about NetworkPolicies again and again, the six mistakes of
 * beginners, and what stands behind both. A lesson's `covers` names them; each has a lesson.
 */
export const TOPICS: Readonly<Record<string, string>> = {
  'scenario-1': 'How do pods communicate by default, and what changes with the first policy?',
  'scenario-2': 'How is a database kept to the backend alone?',
  'scenario-3': 'How are the pods of one namespace kept out of another?',
  'scenario-4': 'How do pods reach the internet through a proxy only?',
  'scenario-5': 'A pod is compromised: how is it kept from talking to others?',
  'scenario-6': 'How are the pods of several customers kept apart?',
  'scenario-7': 'Some pods stopped working after a policy: how is it debugged?',
  'scenario-8': 'Are policies always enforced?',
  'scenario-9': 'How does an external load balancer get in while pods are kept out?',
  'scenario-10': 'How does monitoring still work under strict policies?',
  'mistake-1': 'Relying on policies that the network plugin does not enforce',
  'mistake-2': 'Forgetting that policies are about pods, not about applications or Services',
  'mistake-3': 'Opening paths without a default deny before them',
  'mistake-4': 'Allowing ingress, and forgetting the egress that it needs',
  'mistake-5': 'Breaking DNS by closing egress',
  'mistake-6': 'Mixing namespace and pod selectors without knowing how they match',
  statefulness: 'Why replies need no rule',
  'ip-blocks': 'Address blocks and their exceptions',
  ports: 'Ports by number, by range and by name',
  'tcp-states': 'TCP states, and packets that are invalid',
  timeouts: 'How long a connection is remembered',
  'decision-tree': 'What a verdict costs: a linear scan and a decision tree',
  'syn-flood': 'What a SYN flood costs',
};
