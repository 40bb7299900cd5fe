"""An S3 server on loopback: OpenStack Swift with its S3 API, all of it in this process (Debian: python3-swift).

In:  a folder, kept from one start to the next; the port of the S3 API, 0 for any; an access key ACCOUNT:USER and its secret.
     ACCOUNT:guest with the same secret is known, too, and may do nothing.
Out: `ready http://127.0.0.1:PORT` on standard output, and a line for each request with the status of its answer, until it is
     ended.
"""
import os
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.common import ring, storage_policy, utils  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

HOST = '127.0.0.1'
folder, port, key, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
account, user = key.split(':')


class NoCache:
    """What Swift asks of memcached, and nothing is kept: what was changed is seen at once."""

    def get(self, *_, **__):
        return None

    set = delete = incr = decr = get


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, 'w') as file:
        file.write(text)
    return path


def serve(kind, socket, options, filters=(), log=None):
    pipeline = ' '.join([*(name for name, _ in filters), f'{kind}-server'])
    parts = [f'[DEFAULT]\nswift_dir = {folder}', f'[pipeline:main]\npipeline = {pipeline}']
    parts += [f'[filter:{name}]\nuse = egg:swift#{name}\n{settings}' for name, settings in filters]
    parts += [f'[app:{kind}-server]\nuse = egg:swift#{kind}\n{options}']
    app = loadapp(write(f'{kind}.conf', '\n'.join(parts)))
    cache = NoCache()

    def cached(environ, start):
        return app({**environ, 'swift.cache': cache}, start)

    eventlet.spawn(wsgi.server, socket, cached, log=log or open(os.devnull, 'w'), debug=False)


class Said:
    @staticmethod
    def write(text):
        sys.stdout.write(text)
        sys.stdout.flush()


os.makedirs(os.path.join(folder, 'disk'), exist_ok=True)
write('swift.conf', '[swift-hash]\nswift_hash_path_suffix = policap\n')
utils.set_swift_dir(folder)
utils.validate_configuration()
storage_policy.reload_storage_policies()

public = eventlet.listen((HOST, port), reuse_port=False)
for kind in ('account', 'container', 'object'):
    socket = eventlet.listen((HOST, 0), reuse_port=False)
    builder = ring.RingBuilder(4, 1, 0)
    device = {'ip': HOST, 'port': socket.getsockname()[1], 'device': 'disk', 'weight': 1, 'region': 1, 'zone': 1}
    builder.add_dev(device)
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f'{kind}.ring.gz'))
    serve(kind, socket, f'devices = {folder}\nmount_check = false')
users = f'user_{account}_{user} = {secret} .admin\nuser_{account}_guest = {secret}'
filters = (('catch_errors', ''), ('s3api', 'location = us-east-1'), ('tempauth', users), ('bulk', ''), ('slo', ''))
serve('proxy', public, 'account_autocreate = true', filters, Said)
print(f'ready http://{HOST}:{public.getsockname()[1]}', flush=True)
while True:
    eventlet.sleep(3600)
