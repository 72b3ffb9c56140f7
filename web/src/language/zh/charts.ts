// Charts in Chinese (web/src/charts). Terms: index.ts.
export const charts: Readonly<Record<string, string>> = {
  'no data': '无数据',
  waiting: '等待中',
  Range: '时间范围',
  'not heard': '未收到',
  'at least {count} events': '至少 {count} 个事件',
  'The chart could not be read': '无法读取图表',
  'Nothing was recorded in this time.': '这段时间内没有记录。',
  'Loading the chart': '正在加载图表',
  'Show as chart': '显示为图表',
  'Show as table': '显示为表格',
  'Tasks finished over the last {range}: {succeeded} succeeded, {retried} retried, {failed} failed':
    '过去 {range} 完成的任务：成功 {succeeded}，重试 {retried}，失败 {failed}',
  '{from} to {until}': '{from} 至 {until}',
  'time|From': '起始',
  '{label}: not measured yet': '{label}：尚未测量',
  'retried and failed, on their own scale': '重试与失败，使用各自的刻度',
};
