// Operations in Chinese: their outcomes, effects and refusals, what became of a task, what a retry sends (server/dashboard/operations).
// What is sent again and why not: the refusals say which part of a call is not known. How they are read: sentences.ts.
export const operationSentences: Readonly<Record<string, string>> = {
  // What became of a task: became.ts.
  'Removed from {queue} before a worker took it.': '在 worker 取走之前已从 {queue} 移除。',
  'Removed from {queue} by {who} before a worker took it.': '在 worker 取走之前已被 {who} 从 {queue} 移除。',
  'Expired before a worker could start it.': '在 worker 开始之前已过期。',
  'Terminated while it ran.': '运行中被终止。',
  'Terminated while it ran by {who}.': '运行中被 {who} 终止。',
  'Terminated ({signal}) while it ran.': '运行中被终止（{signal}）。',
  'Terminated ({signal}) while it ran by {who}.': '运行中被 {who} 终止（{signal}）。',
  'Revoked before it started.': '开始前已撤销。',
  'Revoked by {who} before it started.': '开始前已被 {who} 撤销。',
  'Rejected by {worker}: what the broker did with it is unknown.': '被 {worker} 拒绝：broker 如何处理它未知。',

  // Outcomes: outcome.ts.
  'No worker is online to answer': '没有在线的 worker 可以应答',
  'None of {count} worker answered': '{count} 个 worker 没有应答',
  'None of {count} workers answered': '{count} 个 worker 都没有应答',
  '{count} of {count2} worker answered': '{count} / {count2} 个 worker 已应答',
  '{count} of {count2} workers answered': '{count} / {count2} 个 worker 已应答',
  '{count} of {count2} worker answered: {answer}': '{count} / {count2} 个 worker 已应答：{answer}',
  '{count} of {count2} workers answered: {answer}': '{count} / {count2} 个 worker 已应答：{answer}',
  '{count} of {count2} workers answered; {answer}': '{count} / {count2} 个 worker 已应答；{answer}',
  '{count} of {count2} worker answered; {answer}': '{count} / {count2} 个 worker 已应答；{answer}',
  done: '完成',
  'no answer': '没有应答',
  'Asked {count} worker to announce themselves': '已请求 {count} 个 worker 发送心跳',
  'Asked {count} workers to announce themselves': '已请求 {count} 个 worker 发送心跳',
  'Asked all workers to announce themselves': '已请求所有 worker 发送心跳',
  'Told {worker} to shut down; workers do not answer this': '已通知 {worker} 关闭；worker 不会应答此操作',
  'Begun; its end was not recorded': '已开始；没有记录到结束',
  'Its effect could not be looked at: {why}': '无法查看它的效果：{why}',

  // Effects and their figures.
  'Rate limit': '速率限制',
  'Starts a minute': '每分钟开始数',
  'Time limits': '时间限制',
  'Consumes {queue}': '消费 {queue}',
  'Waiting in {queue}': '{queue} 中等待',
  Ended: '已结束',
  'Revoked, or ended': '已撤销或已结束',
  Autoscale: '自动伸缩',
  Slots: '槽位',
  Status: '状态',
  '{label}. {lines}.': '{label}。{lines}。',
  '{worker}: {before} before, {count} now': '{worker}：之前 {before}，现在 {count}',
  '{worker}: {before} before, {after} now': '{worker}：之前 {before}，现在 {after}',
  '{worker}: {before} before, {wanted} asked for, {after} so far':
    '{worker}：之前 {before}，要求 {wanted}，目前 {after}',
  unknown: '未知',
  more: '更多',
  '{task} has no rate limit on {workers}.': '{workers} 上 {task} 没有速率限制。',
  '{task}: its rate since then is not known yet; {held} held by the limit.':
    '{task}：尚不知道此后的速率；{held}受限等待。',
  '{task}: its rate since then is not known yet, {count} before; {held} held by the limit.':
    '{task}：尚不知道此后的速率，之前为 {count}；{held}受限等待。',
  '{task}: {count} starts a minute since; {held} held by the limit.':
    '{task}：此后每分钟开始 {count} 个；{held}受限等待。',
  '{task}: {count} starts a minute since, {count2} before; {held} held by the limit.':
    '{task}：此后每分钟开始 {count} 个，之前 {count2} 个；{held}受限等待。',
  '{count} of {workers} says: {limits}.': '{workers}中 {count} 个报告：{limits}。',
  '{count} of {workers} say: {limits}.': '{workers}中 {count} 个报告：{limits}。',
  '{count} of {count2} new task ended so far: {states}.': '{count2} 个新任务中 {count} 个已结束：{states}。',
  '{count} of {count2} new tasks ended so far: {states}.': '{count2} 个新任务中 {count} 个已结束：{states}。',
  '{count} of {count2} task ended ({states})': '{count2} 个任务中 {count} 个已结束（{states}）',
  '{count} of {count2} tasks ended ({states})': '{count2} 个任务中 {count} 个已结束（{states}）',
  '{count} is dropped when a worker comes to it': '{count} 个会在 worker 取到时丢弃',
  '{count} are dropped when a worker comes to them': '{count} 个会在 worker 取到时丢弃',
  'of {count} nothing is seen yet': '{count} 个尚未看到任何动静',
  '{count} of {count2} worker has said goodbye or fallen silent.': '{count2} 个 worker 中 {count} 个已道别或静默。',
  '{count} of {count2} workers have said goodbye or fallen silent.': '{count2} 个 worker 中 {count} 个已道别或静默。',
  '{count} wait in {queue} now': '{queue} 中现有 {count} 条等待',
  'an unknown number of wait in {queue} now': '{queue} 中现有等待数未知',
  '{count} message removed': '已移除 {count} 条消息',
  '{count} messages removed': '已移除 {count} 条消息',
  '{count} wait there now': '现有 {count} 条等待',
  '{count} wait there now ({states})': '现有 {count} 条等待（{states}）',
  'how many wait there now is unknown': '现有多少等待未知',
  '{count} message was removed from {queue}': '已从 {queue} 移除 {count} 条消息',
  '{count} messages were removed from {queue}': '已从 {queue} 移除 {count} 条消息',
  'of {count} it is not known which': '其中 {count} 条不知道是哪些',
  '{count} message moved from {queue} to {name}': '已把 {count} 条消息从 {queue} 移到 {name}',
  '{count} messages moved from {queue} to {name}': '已把 {count} 条消息从 {queue} 移到 {name}',
  '{count} message moved from {queue} to {name}, each at least once':
    '已把 {count} 条消息从 {queue} 移到 {name}，每条至少一次',
  '{count} messages moved from {queue} to {name}, each at least once':
    '已把 {count} 条消息从 {queue} 移到 {name}，每条至少一次',
  '{count} not moved: no longer there, or too far behind': '{count} 条未移动：已不在，或排得太靠后',
  '{count} not moved: more than one move takes, or taken meanwhile':
    '{count} 条未移动：超出一次移动的数量，或其间已被取走',
  '{count} message of {queue} taken, looked at and given back': '已取出、查看并归还 {queue} 的 {count} 条消息',
  '{count} messages of {queue} taken, looked at and given back': '已取出、查看并归还 {queue} 的 {count} 条消息',
  '{count} of {workers} stopped consuming {queue}': '{workers}中 {count} 个已停止消费 {queue}',
  'what they have taken goes on': '它们已取走的会继续',
  'No worker that consumed {queue} is online': '曾消费 {queue} 的 worker 都不在线',
  'one that starts consumes it by its own settings': '启动的 worker 会按自己的设置消费它',
  'Sent {task} as {name}': '已发送 {task}，ID 为 {name}',
  'It has ended already: {state}': '它已结束：{state}',
  'Marked as aborted: the task ends itself if it looks for that': '已标记为中止：任务若检查该标记会自行结束',
  '{count} tasks marked as aborted': '已把 {count} 个任务标记为中止',
  '{count} of {count2} task sent again': '已重新发送 {count} / {count2} 个任务',
  '{count} of {count2} tasks sent again': '已重新发送 {count} / {count2} 个任务',
  '{count} of {count2} task sent again; {why}': '已重新发送 {count} / {count2} 个任务；{why}',
  '{count} of {count2} tasks sent again; {why}': '已重新发送 {count} / {count2} 个任务；{why}',
  'not all of its options are known and sent': '它的选项未全部得知并发送',
  'not all options of {count} of them are known and sent': '其中 {count} 个的选项未全部得知并发送',
  'Sent again as {name} to {queue} ({why}), its call read from {source}':
    '已重新发送到 {queue}（{why}），新 ID 为 {name}，调用读自{source}',
  'Sent again as {name} to {queue}, its call read from {source}':
    '已重新发送到 {queue}，新 ID 为 {name}，调用读自{source}',
  '{count} session ended': '已结束 {count} 个会话',
  '{count} sessions ended': '已结束 {count} 个会话',
  'from {address}': '来自 {address}',
  'from an unknown address': '来自未知地址',
  'Signed in': '已登录',
  Made: '已创建',
  Created: '已创建',
  Changed: '已更改',
  Saved: '已保存',
  Deleted: '已删除',
  Delivered: '已送达',
  Paused: '已暂停',
  Resumed: '已恢复',
  Revoked: '已撤销',
  Silenced: '已静音',
  'Switched on': '已打开',
  'Switched off': '已关闭',
  'Told again': '已恢复通知',
  'Signed in with {name}': '已通过 {name} 登录',
  'Signed out': '已退出登录',
  'Sign-in with {name}: {why}': '通过 {name} 登录：{why}',

  // What can be done with a task: views/task-actions.ts.
  'It is revoked already': '它已被撤销',
  'It has already finished': '它已经结束',
  'It runs already: only terminate can end it': '它已在运行：只有终止才能结束它',
  'It does not run: revoke it': '它没有在运行：请撤销它',
  'Its pool can only ask the task to stop': '它的执行池只能请求任务停止',

  // What a retry sends: retry.ts, known-call.ts.
  'its message, which still waits': '它仍在等待的消息',
  'its message, which a worker took and never acknowledged': '它的消息（worker 已取走但从未确认）',
  'its result record': '它的结果记录',
  'its event, which carries it in full': '它的事件（完整包含调用）',
  'the only queue its worker consumes': '它的 worker 消费的唯一队列',
  'its own is unknown; its worker consumes {queue} too': '它原来的队列未知；它的 worker 还消费 {queue}',
  'its own is unknown; this is the default queue': '它原来的队列未知；这是默认队列',
  'To send it all the same, confirm that (accept_double).': '若仍要发送，请确认（accept_double）。',
  'Its first message still waits in {queue}: then it runs twice.':
    '它的第一条消息仍在 {queue} 中等待：那样会运行两次。',
  'The broker still holds its message and gives it to another worker when its visibility timeout has passed: then it runs twice.':
    'broker 仍保留它的消息，可见性超时过后会交给另一个 worker：那样会运行两次。',
  'It is sent alone: its links, and the chain or chord it was part of, are not.':
    '只发送它自己：它的 link 以及所属的 chain 或 chord 不会发送。',
  'It was part of something larger: it is sent alone, nothing follows it.':
    '它属于更大的工作流：只发送它自己，后续不会执行。',
  'Which {options} it had is not known any more: it is sent with none.': '已不知道它原来的{options}：发送时不带这些。',
  priority: '优先级',
  headers: '自有消息头',
  'time limits': '时间限制',
  'shadow name': 'shadow 名称',
  stamps: '印记',
  'It is sent without its expiry.': '发送时不带它的过期时间。',
  'It keeps its priority {count}.': '它保留优先级 {count}。',
  'It keeps its priority {count} and its headers {name}.': '它保留优先级 {count} 和消息头 {name}。',
  'It keeps its headers {name}.': '它保留消息头 {name}。',
  'Its name is unknown, so it cannot be sent again.': '它的名称未知，无法重新发送。',
  'Workers report it when their events are enabled (-E).': '启用事件（-E）后 worker 会报告它。',
  'To make it possible for later tasks, set result_extended=True in the workers: their result records then keep the whole call.':
    '要让以后的任务可以重新发送，请在 worker 中设置 result_extended=True：结果记录就会保留完整的调用。',
  arguments: '参数',
  args: 'args',
  kwargs: 'kwargs',
  'keyword arguments': '关键字参数',
  'Its {what} are unknown: no event reported them.': '它的{what}未知：没有事件报告过。',
  'Its {what} hold a secret that is masked here: what would be sent is not what was.':
    '它的{what}含有在此被隐藏的敏感信息：发送的内容会与原来不同。',
  'Its {what} were truncated by their sender ({end}): they are not known in full.':
    '它的{what}被发送方截断（{end}）：不知道完整内容。',
  'Its {what} hold an object, of which only its repr is known: {repr}.':
    '它的{what}含有一个只知道 repr 的对象：{repr}。',
  'Its {what} hold something that cannot be written down as data: {why}.': '它的{what}含有无法写成数据的内容：{why}。',
  'Its event gives its arguments as something other than a list.': '它的事件给出的参数不是列表。',
  'Its event gives its keyword arguments as something other than names and values.':
    '它的事件给出的关键字参数不是名称和值。',
  'No worker has a task named {task}: it may be the shadow name of another.':
    '没有 worker 有名为 {task} 的任务：它可能是另一个任务的 shadow 名称。',

  // Refused: on-*.ts, perform.ts.
  'A value of the call is masked: write the true one in its place.': '调用中有一个值已被隐藏：请填入真实的值。',
  'It has already finished.': '它已经结束。',
  'All {count} have already finished.': '全部 {count} 个都已结束。',
  'No task {name} is known here.': '这里没有已知的任务 {name}。',
  'No worker named {worker} is known.': '没有名为 {worker} 的 worker。',
  'A task is aborted by its result record, and no result backend is configured here.':
    '中止任务要通过它的结果记录，而这里没有配置结果后端。',
  'The rate {rate} is not understood. Write 10/s, 100/m, 50/h, or 0 for none.':
    '无法理解速率 {rate}。请写 10/s、100/m、50/h，或 0 表示不限。',
  'A time limit cannot be negative.': '时间限制不能为负。',
  'The soft limit ({soft} s) must be shorter than the hard one ({hard} s), or the task cannot clean up.':
    '软限制（{soft} 秒）必须短于硬限制（{hard} 秒），否则任务无法清理。',
  'No worker that is online says that it consumes {queue}: there is nothing to pause.':
    '没有在线的 worker 消费 {queue}：没有可暂停的。',
  '{queue} is not paused.': '{queue} 没有暂停。',
  '{queue} is where they are: name another queue to move them to.': '它们已在 {queue} 中：请指定另一个队列。',
  'No queue named {queue} is known: the broker does not list it and no worker consumes it.':
    '没有名为 {queue} 的队列：broker 没有列出它，也没有 worker 消费它。',
  'This broker shows what waits in {queue} without taking it, or not at all.':
    '此 broker 要么不取走就能显示 {queue} 中等待的消息，要么根本无法显示。',
  "To purge {queue}, 'confirm' must be its name. It was {given}.":
    "要清空 {queue}，'confirm' 必须是它的名称。给出的是 {given}。",
  'There is no signal {signal}. Write SIGTERM, SIGKILL, SIGINT or another by its name.':
    '没有信号 {signal}。请写 SIGTERM、SIGKILL、SIGINT 或其他信号的名称。',
  'The queue to send to must have a name.': '要发送到的队列必须有名称。',
  '{worker} has {slots} and keeps one at least: it can give up {count}, not {count2}.':
    '{worker} 有 {slots}，至少保留一个：可以减少 {count} 个，而不是 {count2} 个。',
  'The least ({min}) must not be more than the most ({max}).': '最小值（{min}）不能大于最大值（{max}）。',
  'An exchange is direct, topic, fanout or headers, not {given}.':
    '交换机类型为 direct、topic、fanout 或 headers，而不是 {given}。',
  "'{what}' must have a name.": "'{what}' 必须有名称。",
};
