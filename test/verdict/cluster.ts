/** A small shop for the judge's tests: client and server pods, a service with two backends, an outsider. */

export const CLUSTER = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Node
metadata: { name: node-a }
spec: { podCIDR: 10.0.1.0/24 }
status: { addresses: [{ type: InternalIP, address: 192.168.0.1 }] }
---
apiVersion: v1
kind: Node
metadata: { name: node-b }
spec: { podCIDR: 10.0.2.0/24 }
status: { addresses: [{ type: InternalIP, address: 192.168.0.2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { nodeName: node-a, containers: [{ name: c, ports: [{ containerPort: 9000 }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.1.2 }, { ip: 'fd00:1::2' }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { nodeName: node-b, containers: [{ name: c, ports: [{ containerPort: 5432 }, { containerPort: 40000, protocol: UDP }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.2.3 }, { ip: 'fd00:2::3' }] }
---
apiVersion: v1
kind: Pod
metadata: { name: api-1, namespace: shop, labels: { app: api, shard: one } }
spec: { nodeName: node-a, containers: [{ name: c, ports: [{ containerPort: 8080 }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.1.11 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: api-2, namespace: shop, labels: { app: api, shard: two } }
spec: { nodeName: node-b, containers: [{ name: c, ports: [{ containerPort: 8080 }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.2.11 }] }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: shop }
spec:
  type: NodePort
  clusterIP: 10.96.0.5
  selector: { app: api }
  ports: [{ name: http, port: 80, targetPort: 8080, nodePort: 30080 }]
`;

const ingress = (name: string, selector: string, from: string, port: number): string => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: { matchLabels: { ${selector} } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { ${from} } } }]
      ports: [{ port: ${port} }]
`;

/** db takes 5432 from web alone. */
export const DB_FROM_WEB = ingress('db', 'app: db', 'app: web', 5432);
/** db takes nothing. */
export const DB_CLOSED = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: closed, namespace: shop }
spec: { podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress] }
`;
/** Both api pods take 8080 from web. */
export const API_FROM_WEB = ingress('api', 'app: api', 'app: web', 8080);
/** Only the first api pod is isolated, and takes nothing from web. */
export const API_ONE_CLOSED = ingress('api-one', 'app: api, shard: one', 'app: nobody', 8080);
/** web may send to api pods alone, on 8080. */
export const WEB_TO_API = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Egress]
  egress:
    - to: [{ podSelector: { matchLabels: { app: api } } }]
      ports: [{ port: 8080 }]
`;
