// From one cluster of this dashboard to another: a menu in the top bar. Loaded only where there are several.
// All of them side by side: clusters/page.tsx. In the palette: palette-items.ts.

import { useQuery } from '@tanstack/react-query';
import { CLUSTER, clusterPlace, HOME_OF_ALL } from '../api/base.ts';
import { clustersQuery } from '../api/queries.ts';
import { t } from '../language/text.ts';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';

export default function ClusterSwitch() {
  const { data } = useQuery(clustersQuery());
  const go = (to: string) => () => location.assign(to);
  return (
    <Menu
      label={t('Clusters')}
      align="start"
      trigger={
        <button
          type="button"
          className="cluster-switch"
          aria-label={t('Cluster {name}. Choose another', { name: CLUSTER! })}
        >
          <span className="clip">{CLUSTER}</span>
          <Icon name="down" />
        </button>
      }
      items={[
        ...(data ?? []).map(({ name, path, current }) => ({
          label: name,
          checked: current,
          onSelect: go(clusterPlace(path)),
        })),
        null,
        { label: t('All clusters'), icon: 'overview', onSelect: go(HOME_OF_ALL) },
      ]}
    />
  );
}
