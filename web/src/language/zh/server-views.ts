// What the server notes beside what it shows, in Chinese: stored values, workflows, lists, broker findings, schedules (server/dashboard/views).
export const viewSentences: Readonly<Record<string, string>> = {
  // Stored values: stored-values.ts.
  'Its message is gone, and its result record keeps no arguments: it would with result_extended=True in the workers.':
    '它的消息已不在，结果记录也没有保留参数：在 worker 中设置 result_extended=True 就会保留。',
  'Its message is with the worker already, and no result record keeps its arguments yet.':
    '它的消息已在 worker 那里，还没有保留其参数的结果记录。',
  'Its record cannot be read here: {why}': '在此无法读取它的记录：{why}',
  'The result backend does not answer: {why}': '结果后端没有响应：{why}',
  'The result backend has no such record: it expired (result_expires), was ignored, or was never stored.':
    '结果后端没有此记录：它已过期（result_expires）、被忽略，或从未存储。',
  'No result backend is configured for this dashboard.': '此仪表盘没有配置结果后端。',
  'Start it with --result-backend.': '请用 --result-backend 启动它。',
  'Its workers use {url}: start it with --result-backend.': '它的 worker 使用 {url}：请用 --result-backend 启动它。',

  // Notes of lists and workflows: list-note.ts, workflow.ts.
  'Events tell nothing of {name}: a state that a task stores itself (update_state) is in the result store alone.':
    '事件不包含 {name}：任务自己存储的状态（update_state）只在结果后端中。',
  'The page of a running task follows it; here such a task is STARTED.':
    '运行中任务的页面会跟踪它；在此这样的任务显示为 STARTED。',
  'It has more than {count} tasks: these are the first of each of its roots.':
    '它有超过 {count} 个任务：这里是每个根的前一部分。',
  'What follows counts these alone.': '以下只统计这些。',
  'It has more than {count} tasks: these are the first of each of its roots, and others that failed or have not ended.':
    '它有超过 {count} 个任务：这里是每个根的前一部分，以及其他失败或尚未结束的任务。',
  'Its state and counts are of all, its groups and critical path of these.':
    '它的状态和数量针对全部任务，group 和关键路径只针对这里的任务。',
  'Its state and counts are of all that could be counted, its groups and critical path of these.':
    '它的状态和数量针对所有能统计到的任务，group 和关键路径只针对这里的任务。',
  "Steps not seen yet are unknown where Celery's own events tell of a task: they name neither its group nor what follows it.":
    '由 Celery 自己的事件报告的任务，尚未出现的步骤未知：事件既不包含它的 group，也不包含后续任务。',
  'Workers of this package tell both, and a message that waits where it can be looked at.':
    '本软件包的 worker 会报告两者，可查看的等待消息也会。',
  'Of the steps to come {count} are not listed here: there are too many of them.':
    '后续步骤中有 {count} 个未在此列出：数量太多。',
  'The parent of one task is not known here: it is drawn as a beginning of its own.':
    '有一个任务的父任务在此未知：它被画成单独的起点。',
  'The parents of {count} tasks are not known here: they are drawn as beginnings of their own.':
    '有 {count} 个任务的父任务在此未知：它们被画成单独的起点。',

  // Findings about the broker: broker.ts.
  'Redis may delete whole queues when its memory is full': '内存占满时 Redis 可能删除整个队列',
  'maxmemory-policy is {policy}.': 'maxmemory-policy 为 {policy}。',
  '{used} of {most} are used.': '已使用 {used}，共 {most}。',
  'It has deleted {count} key since it started.': '自启动以来已删除 {count} 个键。',
  'It has deleted {count} keys since it started.': '自启动以来已删除 {count} 个键。',
  'A queue is one key: when room is needed, all of its messages go at once, and nobody is told.':
    '一个队列就是一个键：需要空间时，它的所有消息会一次全部消失，且没有任何通知。',
  'A crash of Redis loses every message': 'Redis 崩溃会丢失所有消息',
  'A crash of Redis loses what came since its last snapshot': 'Redis 崩溃会丢失最近一次快照之后的内容',
  'appendonly is no, and no snapshot is made (save is empty).': 'appendonly 为 no，也不生成快照（save 为空）。',
  'appendonly is no.': 'appendonly 为 no。',
  'The last snapshot is {age} old.': '最近的快照在 {age}前。',
  'The last snapshot is {age} old, and {count} change came since.': '最近的快照在 {age}前，此后有 {count} 次更改。',
  'The last snapshot is {age} old, and {count} changes came since.': '最近的快照在 {age}前，此后有 {count} 次更改。',
  'After a crash the queues are as they were then: new work is gone, and finished work may come again.':
    '崩溃后队列会回到当时的样子：新任务消失，已完成的任务可能再次出现。',
  'Redis could not write to its disk': 'Redis 无法写入磁盘',
  'Redis refuses every write until it can (stop-writes-on-bgsave-error): no task can be sent, none acknowledged.':
    '恢复之前 Redis 拒绝所有写入（stop-writes-on-bgsave-error）：无法发送任务，也无法确认。',
  'Tasks are held for longer than the visibility timeout': '任务被持有的时间超过可见性超时',
  'visibility_timeout is {age} here. {task} waits in a worker for {time} until its ETA.':
    '这里的 visibility_timeout 为 {age}。{task} 在 worker 中等待 ETA 达 {time}。',
  'visibility_timeout is {age} here. {task} has run for {time}.':
    '这里的 visibility_timeout 为 {age}。{task} 已运行 {time}。',
  'What is not acknowledged by then is given to a second worker as well, and again each time it passes.':
    '届时未确认的消息会再交给另一个 worker，之后每次超时都会再交一次。',
  'The memory of {name} is nearly full': '{name} 的内存即将占满',
  'When it is full, messages are refused or senders wait.': '占满后，消息会被拒绝，或发送方会等待。',
  '{count} connection is left': '还剩 {count} 个连接',
  '{count} connections are left': '还剩 {count} 个连接',
  '{count} of {count2} are open.': '已打开 {count} / {count2} 个。',
  'The next workers to start are refused, and those that lose their connection cannot come back.':
    '接下来启动的 worker 会被拒绝，断开连接的也无法恢复。',
  'RabbitMQ takes no messages: an alarm is on': 'RabbitMQ 不接收消息：有告警',
  'Whoever sends a message waits until the alarm is over: tasks are not started, web requests that start them hang.':
    '发送消息者要等到告警解除：任务不会开始，发起任务的 Web 请求会挂起。',

  // Schedules: schedules.ts, schedule-runs.ts.
  'Another entry sends the same task with the same arguments: whose run each is cannot be told.':
    '另一个条目以相同参数发送同一任务：无法区分每次运行属于哪一个。',
  'When it is due is known to its app only.': '何时到期只有它的应用知道。',
  'Which task it sends is unknown.': '它发送哪个任务未知。',
  'Where the schedule is kept is unknown to this dashboard: give it --schedule, the file or URL that beat was given.':
    '此仪表盘不知道调度存放在哪里：请用 --schedule 指定 beat 使用的文件或 URL。',
  'A Python beat takes no lease: that one runs shows in the last runs.':
    'Python 的 beat 不取租约：是否有 beat 在运行，见最近的运行。',
  'The schedule in {place} is written by its beat alone, from beat_schedule of the app: change entries there.':
    '{place} 中的调度只由它的 beat 根据应用的 beat_schedule 写入：请在那里更改条目。',
  'A schedule in Redis or in the tables of django-celery-beat can be changed here.':
    '存放在 Redis 或 django-celery-beat 表中的调度可以在此更改。',
  'The schedule in {place} cannot be read: {why}': '无法读取 {place} 中的调度：{why}',
  'Which beat has {place} cannot be asked: {why}': '无法查询 {place} 由哪个 beat 持有：{why}',
};
