// What is asked of workers and what came of it, in Chinese (web/src/operations). Terms: index.ts.
export const operations: Readonly<Record<string, string>> = {
  'Waiting for workers': '正在等待 worker',
  'Waiting for workers...': '正在等待 worker……',
  'Ask workers to announce themselves': '要求 worker 报告自己',
  'No worker has been heard': '尚未收到任何 worker 的消息',
  'Is one running with <code>-E</code>, on this broker?': '此 broker 上是否有以 <code>-E</code> 运行的 worker？',
  '<b>{name}</b> sends no task events, so its tasks are not seen.':
    '<b>{name}</b> 不发送任务事件，因此看不到它的任务。',
  '<b>{names}</b> and {others} send no task events, so their tasks are not seen.':
    '<b>{names}</b> 和{others}不发送任务事件，因此看不到它们的任务。',
  '# others': '其他 # 个',
  '<b>{names}</b> send no task events, so their tasks are not seen.':
    '<b>{names}</b> 不发送任务事件，因此看不到它们的任务。',
  'Enable task events': '启用任务事件',
  'Enable task events on {count} workers': '在 {count} 个 worker 上启用任务事件',
  'Add # slots': '增加 # 个槽位',
  'It could not be done': '无法完成',
  'hide replies': '隐藏答复',
  replies: '查看答复',
  'This dashboard is read-only': '此仪表盘为只读',
  'The dashboard server does not answer': '仪表盘服务器没有响应',
  'The broker does not answer': 'broker 没有响应',
  'It cannot be reached': '无法联系到它',
  'It is offline: nobody would hear': '它已离线：不会有人收到',
  'It is silent: it would not hear': '它已静默：不会收到',
};
