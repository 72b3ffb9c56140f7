// A container without Docker: the steps of a Dockerfile in a root folder of their own, with the users that its base image has. Programs and
// the package are the machine's, bound into it; what a step writes stays in the folder for the next one.
// Holds: what is bound is so for the step's own processes alone (a mount namespace), and ends with them.
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Images of Node bring this user along, docker-node's Dockerfiles; a second one of its number cannot be added. */
export const IMAGE_USER = { name: 'node', id: 1000 } as const;

const ENTER = `root=$1 user=$2 folder=$3; shift 3; cd "$root"
while [ "$1" != -- ]; do mkdir -p ".$1"; mount --rbind "$1" ".$1"; shift; done; shift
exec chroot --userspec="$user:$user" . sh -ec 'cd "$1"; shift; exec "$@"' sh "$folder" "$@"`;

export interface Step {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
}

export interface Container {
  /** What starts a command inside, as root of the machine; its process is the command's own. */
  step(user: string, folder: string, words: readonly string[]): Step;
}

/** @param root a folder to make it in  @param bound further folders of the machine that are seen in it */
export function createContainer(root: string, bound: readonly string[]): Container {
  for (const folder of ['etc', 'root', 'tmp', 'image/bin', `home/${IMAGE_USER.name}`])
    mkdirSync(join(root, folder), { recursive: true });
  const { name, id } = IMAGE_USER;
  writeFileSync(join(root, 'etc/passwd'), `root:x:0:0::/root:/bin/sh\n${name}:x:${id}:${id}::/home/${name}:/bin/sh\n`);
  writeFileSync(join(root, 'etc/group'), `root:x:0:\n${name}:x:${id}:\n`);
  const binds = new Set(['/usr', '/proc', '/dev', dirname(dirname(process.execPath)), ...bound]);
  for (const folder of ['/bin', '/sbin', '/lib', '/lib64'].filter((one) => existsSync(one)))
    if (lstatSync(folder).isSymbolicLink()) symlinkSync(readlinkSync(folder), join(root, folder));
    else binds.add(folder);
  return {
    step: (user, folder, words) => ({
      command: 'unshare',
      args: ['--mount', 'sh', '-ec', ENTER, 'sh', root, user, folder, ...binds, '--', ...words],
      env: {
        HOME: user === 'root' ? '/root' : `/home/${user}`,
        PATH: `/image/bin:${dirname(process.execPath)}:/usr/bin:/bin:/usr/sbin:/sbin`,
        npm_config_prefix: '/image',
      },
    }),
  };
}
