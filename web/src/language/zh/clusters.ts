// The page of all clusters in Chinese (web/src/clusters). Terms: index.ts.
export const clusters: Readonly<Record<string, string>> = {
  Clusters: '集群',
  Cluster: '集群',
  'Workers online': '在线 worker',
  '{online} of {total}': '{online} / {total}',
  'Failed, last hour': '最近一小时失败',
  'Needs attention': '需要处理',
  'not known since {time}': '自 {time} 起情况不明',
  heard: '正常接收',
};
