// Why a task waits, in Chinese: questions, findings, sources, causes and remedies of server/dashboard/waiting. How they are read: sentences.ts.
export const waiting: Readonly<Record<string, string>> = {
  // Questions.
  'Expired?': '已过期？',
  'Revoked?': '已撤销？',
  'Is its worker there?': '它的 worker 还在吗？',
  'Has it started?': '已经开始了吗？',
  'Does it wait for a time?': '在等待某个时间吗？',
  'Is it held by a worker?': '被某个 worker 持有吗？',
  'Is its message in the broker?': '它的消息在 broker 中吗？',
  'Does nobody consume its queue?': '它的队列没有消费者吗？',
  'Do its consumers stand still?': '它的消费者停滞了吗？',
  'Do others go before it?': '前面有其他消息吗？',
  'not looked at: the cause above is enough': '未检查：上面的原因已足够',

  // Where it is known from.
  broker: 'broker',
  message: '消息',
  heartbeats: '心跳',
  'audit log': '审计日志',
  'audit log, broker': '审计日志、broker',
  'events, broker': '事件、broker',
  'audit, active_queues of the workers': '审计、worker 的 active_queues',
  'broker, events': 'broker、事件',
  'active_queues of the workers, broker': 'worker 的 active_queues、broker',
  'active tasks of {worker}': '{worker} 执行中的任务',
  'reserved tasks of {worker}': '{worker} 已预留的任务',
  'scheduled tasks of {worker}': '{worker} 已计划的任务',
  'revoked tasks of {worker}': '{worker} 已撤销的任务',
  'revoked tasks of no worker': '没有 worker 的撤销列表',
  'active and reserved tasks of {worker}': '{worker} 执行中和已预留的任务',
  'active, reserved and scheduled tasks of {worker}': '{worker} 执行中、已预留和已计划的任务',
  'active, reserved and scheduled tasks of {worker}, broker': '{worker} 执行中、已预留和已计划的任务、broker',
  'uptime and lists of {worker}': '{worker} 的运行时间和列表',
  'rate limits and lists of {worker}': '{worker} 的速率限制和列表',

  // Words within sentences.
  'about {n}': '约 {n}',
  'at least {n}': '至少 {n}',
  '{count} message': '{count} 条消息',
  '{count} messages': '{count} 条消息',
  '{count} task': '{count} 个任务',
  '{count} tasks': '{count} 个任务',
  '{count} worker': '{count} 个 worker',
  '{count} slot': '{count} 个槽位',
  '{count} slots': '{count} 个槽位',
  '{count} more slot': '{count} 个槽位',
  '{count} more slots': '{count} 个槽位',
  'With {slots} {worker} starts it at once.': '再加 {slots}，{worker} 就会立即开始它。',
  '{count} free slot': '{count} 个空闲槽位',
  '{count} free slots': '{count} 个空闲槽位',
  '{count} a minute': '每分钟 {count} 个',
  '{count} an hour': '每小时 {count} 个',
  'an unknown time': '未知时间',
  'how many slots {worker} has is unknown': '{worker} 有多少槽位未知',
  'how many slots {count} workers have is unknown': '{count} 个 worker 有多少槽位未知',
  '{worker} has no slots': '{worker} 没有槽位',
  '{count} workers have no slots': '{count} 个 worker 没有槽位',
  'the only slot of {worker} is busy': '{worker} 的唯一槽位被占用',
  'all {count} slots of {worker} are busy': '{worker} 的全部 {count} 个槽位被占用',
  'all {count} slots of {count2} workers are busy': '{count2} 个 worker 的全部 {count} 个槽位被占用',
  '{count} of {count2} slots of {worker} is busy': '{worker} 占用 {count} / {count2} 个槽位',
  '{count} of {count2} slots of {worker} are busy': '{worker} 占用 {count} / {count2} 个槽位',
  '{count} of {count2} slots of {count3} workers is busy': '{count3} 个 worker 占用 {count} / {count2} 个槽位',
  '{count} of {count2} slots of {count3} workers are busy': '{count3} 个 worker 占用 {count} / {count2} 个槽位',
  'how many tasks go before it is unknown': '前面有多少任务未知',
  'how many messages go before it is unknown': '前面有多少消息未知',
  'no task goes before it': '前面没有任务',
  'no message goes before it': '前面没有消息',
  'no task is known to go before it': '前面没有已知的任务',
  'no message is known to go before it': '前面没有已知的消息',
  '{n} task goes before it': '前面有 {n} 个任务',
  '{n} tasks go before it': '前面有 {n} 个任务',
  '{n} message goes before it': '前面有 {n} 条消息',
  '{n} messages go before it': '前面有 {n} 条消息',
  'When it starts is unknown: {why}.': '何时开始未知：{why}。',
  'its place is not known': '不知道它的位置',
  'how many tasks of {name} end a minute is not known': '不知道 {name} 每分钟完成多少任务',
  'no task of {name} ended in the last minutes': '最近几分钟 {name} 没有任务结束',
  'At {rate} it starts in {time}.': '按{rate}计算，{time}后开始。',
  'At that rate it starts in {time}.': '按此速率，{time}后开始。',
  'No slot has been free for {age}: the tasks in them run far longer than they usually do.':
    '已有 {age} 没有空闲槽位：其中的任务运行时间远超平时。',
  'which queue it went to is not known': '不知道它进入了哪个队列',

  // What would happen if it were sent again; what can be done.
  'It may still run.': '它可能仍会运行。',
  'Sent again, it would run twice.': '重新发送会运行两次。',
  'It runs now.': '它正在运行。',
  'It runs by itself in {age}.': '它会在 {age}后自行运行。',
  '{worker} may come back and finish it.': '{worker} 可能恢复并完成它。',
  '{worker} may come back and run it.': '{worker} 可能恢复并运行它。',
  '{worker} runs it when the limit allows.': '限制允许时 {worker} 会运行它。',
  'Its message waits in {queue}.': '它的消息在 {queue} 中等待。',
  'Its message waits in {queue} and runs as soon as the queue is resumed.':
    '它的消息在 {queue} 中等待，队列恢复后立即运行。',
  'Its message waits in {queue} and runs as soon as a worker consumes it.':
    '它的消息在 {queue} 中等待，有 worker 消费后立即运行。',
  'The broker may deliver its message again.': 'broker 可能重新投递它的消息。',
  'The broker delivers its message again when its visibility timeout has passed.':
    '可见性超时过后，broker 会重新投递它的消息。',
  'A worker that sends no task events may run it.': '不发送任务事件的 worker 可能会运行它。',
  'It has not finished.': '它还没有结束。',
  'Send it again, if it has to run.': '如果必须运行，请重新发送。',
  'Resume {queue}.': '恢复 {queue}。',
  'Start a worker with -Q {queue}, or let a running one consume it.':
    '用 -Q {queue} 启动一个 worker，或让运行中的 worker 消费它。',
  'Look at what {worker} runs: it may hang.': '看看 {worker} 在运行什么：它可能卡住了。',
  'Look at {worker}: it is silent, and may come back.': '看看 {worker}：它没有响应，可能会恢复。',
  'A larger pool starts it sooner.': '更大的执行池会让它更早开始。',
  'A larger pool of {worker} starts it sooner.': '更大的 {worker} 执行池会让它更早开始。',
  'With {count} more slot {worker} starts it at once.': '再加 {count} 个槽位，{worker} 就会立即开始。',
  'With {count} more slots {worker} starts it at once.': '再加 {count} 个槽位，{worker} 就会立即开始。',
  'A worker that stands still usually needs a restart.': '停滞的 worker 通常需要重启。',
  'What fills the prefetch window is on the page of the worker.': '是什么占满了预取窗口，见该 worker 的页面。',
  'Raise or lift the rate limit of {task} on {worker}.': '提高或取消 {worker} 上 {task} 的速率限制。',

  // Expired, revoked, waiting for a time: about-task.ts.
  'no expiry is known': '没有已知的过期时间',
  'it had started before': '它在此之前已开始',
  'it expires in {age}': '{age}后过期',
  'it expired {age} ago': '{age}前已过期',
  'It expired {age} ago: a worker that comes to it drops it without running it.':
    '它已在 {age}前过期：worker 取到它时会直接丢弃，不会运行。',
  'it expired {age} ago, and its message was taken: whether in time is not known':
    '{age}前已过期，它的消息已被取走：是否在过期之前取走未知',
  'its ETA is in {age}, and it expires in {age2}': '{age}后到达 ETA，而它在 {age2}后过期',
  'its next try is in {age}, and it expires in {age2}': '{age}后进行下一次尝试，而它在 {age2}后过期',
  'Its ETA is in {age}, but it expires before, in {age2}: it will be dropped without running.':
    '{age}后到达 ETA，但它在此之前（{age2}后）过期：届时会直接丢弃，不会运行。',
  'Its next try is in {age}, but it expires before, in {age2}: it will be dropped without running.':
    '{age}后进行下一次尝试，但它在此之前（{age2}后）过期：届时会直接丢弃，不会运行。',
  'not all of its workers have answered yet': '它的 worker 尚未全部应答',
  'no worker concerned lists it as revoked': '相关 worker 都没有把它列为已撤销',
  'revoked, but it had started: only Terminate ends it': '已撤销，但它已开始：只有终止才能结束它',
  '{worker} lists it as revoked': '{worker} 把它列为已撤销',
  '{worker} list it as revoked': '{worker} 把它列为已撤销',
  'revoked {age} ago by {who}': '{age}前由 {who} 撤销',
  'when it comes to it': '取到它时',
  'at its ETA, in {age}': '{age}后到达 ETA 时',
  'the worker that takes it': '取到它的 worker',
  'Revoked: {holder} drops it {when}.': '已撤销：{holder} 会在{when}丢弃它。',
  'Revoked {age} ago by {who}: {holder} drops it {when}.': '{age}前由 {who} 撤销：{holder} 会在{when}丢弃它。',
  'Revoked, but not every worker that may take it lists it as revoked: it may still run.':
    '已撤销，但并非每个可能取到它的 worker 都把它列为已撤销：它可能仍会运行。',
  'Revoked {age} ago by {who}, but not every worker that may take it lists it as revoked: it may still run.':
    '{age}前由 {who} 撤销，但并非每个可能取到它的 worker 都把它列为已撤销：它可能仍会运行。',
  'no ETA and no countdown': '没有 ETA，也没有倒计时',
  'its ETA was {age} ago': '它的 ETA 在 {age}前',
  '{worker} has it no more': '{worker} 已不再持有它',
  'the broker has its message no more': 'broker 中已没有它的消息',
  'its next try is in {age}': '{age}后进行下一次尝试',
  'its ETA is in {age}': '{age}后到达 ETA',
  'Try {count} failed; it is tried again in {age}.': '第 {count} 次尝试失败；{age}后重试。',
  'Waits for its ETA, in {age}.': '等待 ETA，还有 {age}。',
  'Waits for its ETA, in {age}, at {worker}.': '在 {worker} 上等待 ETA，还有 {age}。',
  'No worker consumes {queue}, so it will not start then either.': '没有 worker 消费 {queue}，所以到时也不会开始。',

  // Its worker: about-worker.ts.
  'no worker is known to have it': '没有已知持有它的 worker',
  '{worker} ran it; its message is back in {queue}': '{worker} 曾运行它；它的消息已回到 {queue}',
  '{worker} had taken it; its message is back in {queue}': '{worker} 曾取走它；它的消息已回到 {queue}',
  '{worker} was started again {age} ago: the process that ran it is gone':
    '{worker} 在 {age}前重启：运行它的进程已不在',
  '{worker} was started again {age} ago: the process that took it is gone':
    '{worker} 在 {age}前重启：取走它的进程已不在',
  '{worker} was started again {age} ago, and the process of it that ran it is gone':
    '{worker} 在 {age}前重启，运行它的进程已不在',
  '{worker} was started again {age} ago, and the process of it that had taken it is gone':
    '{worker} 在 {age}前重启，取走它的进程已不在',
  '{worker} has it and is online': '{worker} 持有它且在线',
  '{worker} has not been heard for {age}': '{worker} 已有 {age} 没有消息',
  '{worker}, which ran it, has not been heard for {age}: whether it still runs is unknown.':
    '运行它的 {worker} 已有 {age} 没有消息：是否仍在运行未知。',
  '{worker}, which had taken it, has not been heard for {age}: whether it still runs is unknown.':
    '取走它的 {worker} 已有 {age} 没有消息：是否仍在运行未知。',
  '{worker}, which ran it, has not been heard for {age}: its pool is solo, which says nothing while it runs a task: whether it still runs is unknown.':
    '运行它的 {worker} 已有 {age} 没有消息：它使用 solo 池，运行任务时不会发出消息：是否仍在运行未知。',
  '{worker}, which had taken it, has not been heard for {age}: its pool is solo, which says nothing while it runs a task: whether it still runs is unknown.':
    '取走它的 {worker} 已有 {age} 没有消息：它使用 solo 池，运行任务时不会发出消息：是否仍在运行未知。',
  '{worker} is gone': '{worker} 已不在',
  '{worker}, which ran it, is gone': '运行它的 {worker} 已不在',
  '{worker}, which had taken it, is gone': '取走它的 {worker} 已不在',
  '{worker}, which ran it, is gone, last heard {age} ago': '运行它的 {worker} 已不在，最后消息在 {age}前',
  '{worker}, which had taken it, is gone, last heard {age} ago': '取走它的 {worker} 已不在，最后消息在 {age}前',
  '{gone}: whether it finished is unknown, and the broker does not deliver it again.':
    '{gone}：是否完成未知，broker 不会重新投递它。',
  '{gone}: it did not start it, as far as was heard, and the broker does not deliver it again.':
    '{gone}：据所收到的消息，它没有开始，broker 不会重新投递它。',
  '{gone}; the broker holds its message and delivers it again when its visibility timeout has passed.':
    '{gone}；broker 保留着它的消息，可见性超时过后会重新投递。',
  '{gone}: whether it finished is unknown; whether the broker delivers it again is unknown.':
    '{gone}：是否完成未知；broker 是否会重新投递也未知。',
  '{gone}: it did not start it, as far as was heard; whether the broker delivers it again is unknown.':
    '{gone}：据所收到的消息，它没有开始；broker 是否会重新投递未知。',
  'no worker runs it': '没有 worker 在运行它',
  '{worker} lists it as active': '{worker} 把它列为执行中',
  '{worker} has started it, by its event': '按事件，{worker} 已开始它',
  'It does not wait: {worker} runs it.': '它没有在等待：{worker} 正在运行它。',
  'It does not wait: {worker} has run it for {age}.': '它没有在等待：{worker} 已运行它 {age}。',
  '{worker} has not started it': '{worker} 没有开始它',
  '{worker} started it and has it no more': '{worker} 曾开始它，但已不再持有它',
  'no worker has it': '没有 worker 持有它',
  '{worker} says that it waits for its rate limit': '{worker} 说它在等待速率限制',
  '{worker} names it in no list, and limits it to {rate}': '{worker} 的列表中没有它，并把它限速为 {rate}',
  '{worker} has taken it; {slots}': '{worker} 已取走它；{slots}',
  'Waits for a free slot: {worker} has taken it, {slots}, and {before}.':
    '等待空闲槽位：{worker} 已取走它，{slots}，{before}。',
  '{worker} has taken it; how many slots it has is unknown': '{worker} 已取走它；它有多少槽位未知',
  '{worker} has taken it and not started it; how many slots it has is unknown.':
    '{worker} 已取走它但没有开始；它有多少槽位未知。',
  '{worker} has taken it and has {slots}': '{worker} 已取走它，并有 {slots}',
  '{worker} took it {age} ago, has {slots} and does not start it.':
    '{worker} 在 {age}前取走它，有 {slots}，却没有开始它。',
  '{worker} has taken it and has {slots}: it starts next.': '{worker} 已取走它，并有 {slots}：接下来就会开始。',
  '{worker} has just taken it': '{worker} 刚刚取走它',
  '{worker} has just taken it; where it is there is not known yet.': '{worker} 刚刚取走它；还不知道它在其中何处。',
  '{worker} has not said yet what it holds': '{worker} 还没有说它持有什么',
  '{worker} has not said for {age} what it holds': '{worker} 已有 {age} 没有说它持有什么',
  '{worker} has taken it and has not answered lately: whether it runs, or waits for what, is unknown.':
    '{worker} 已取走它，但最近没有应答：是否在运行、在等待什么都未知。',
  '{worker} names it in no list, and its message is unacknowledged': '{worker} 的列表中没有它，它的消息未确认',
  'The broker holds its message as taken, and {worker} names it in none of its lists: a rate limit that was changed meanwhile may hold it.':
    'broker 认为它的消息已被取走，但 {worker} 的列表中都没有它：可能是其间改动过的速率限制在限制它。',
  '{worker} names it in none of its lists': '{worker} 的列表中都没有它',
  '{worker} names it in none of its lists, and its rate limits are not known: it may be held by one.':
    '{worker} 的列表中都没有它，而且不知道它的速率限制：它可能正被限速。',
  '{worker} says that it has it no more: it ended without an event, or its event was lost.':
    '{worker} 说已不再持有它：它结束时没有事件，或事件丢失了。',
  'Held by the rate limit of {rate}: {worker} has taken it and waits.':
    '受速率限制 {rate}：{worker} 已取走它并在等待。',
  'Held by the rate limit of {rate}, next in line: {worker} has taken it and waits.':
    '受速率限制 {rate}，排在第一位：{worker} 已取走它并在等待。',
  'Held by the rate limit of {rate}, behind {n}: {worker} has taken it and waits.':
    '受速率限制 {rate}，前面有 {n} 个：{worker} 已取走它并在等待。',

  // Its message and queue: about-broker.ts, waiting.ts.
  'it is with a worker, which does not say where': '它在某个 worker 那里，但 worker 没有说在何处',
  'it waits in {queue}': '它在 {queue} 中等待',
  'it was not looked for': '没有查找它',
  'its message was not looked for': '没有查找它的消息',
  'the broker does not answer ({why})': 'broker 没有响应（{why}）',
  'the broker did not answer in time': 'broker 没有及时响应',
  'this broker does not say which messages are taken': '此 broker 不说明哪些消息已被取走',
  'it is not among the first {count} messages of {queue}, which has {count2}':
    '它不在 {queue} 的前 {count} 条消息中（共 {count2} 条）',
  'where it is, is not known': '不知道它在哪里',
  'a consumer has taken it and not acknowledged it': '某个消费者已取走它，尚未确认',
  'Some consumer has taken its message, and no worker heard of says that it has it: its task events may be off.':
    '某个消费者取走了它的消息，但没有已知的 worker 说持有它：该 worker 可能没有启用任务事件。',
  'its queue was emptied {age} ago by {who}, and it is nowhere': '它的队列在 {age}前被 {who} 清空，哪里都找不到它',
  'Its queue was emptied {age} ago by {who}, and its message is in the broker no more: it was removed.':
    '它的队列在 {age}前被 {who} 清空，broker 中已没有它的消息：它已被移除。',
  'it is in no queue, and no consumer holds it unacknowledged': '它不在任何队列中，也没有消费者未确认地持有它',
  '{worker} says that it has it no more, and the broker has no message of it: it ended without an event, or its event was lost.':
    '{worker} 说已不再持有它，broker 中也没有它的消息：它结束时没有事件，或事件丢失了。',
  'Not heard of for {age}, and not in the broker: it is lost, was never sent, or ran unseen.':
    '已有 {age} 没有它的消息，broker 中也没有：它丢失了、从未发送，或在未被看到的情况下运行过。',
  '{worker} consumes {queue}': '{worker} 消费 {queue}',
  '{worker} consume {queue}': '{worker} 消费 {queue}',
  '{worker} consumes {queue} and has not been heard for {age}': '{worker} 消费 {queue}，已有 {age} 没有消息',
  '{worker} consume {queue} and have not been heard for {age}': '{worker} 消费 {queue}，已有 {age} 没有消息',
  '{late}: it is not known whether it is taken.': '{late}：不知道它是否已被取走。',
  '{late}: its pool is solo, which says nothing while it runs a task.':
    '{late}：它使用 solo 池，运行任务时不会发出消息。',
  '{late}: their pools are solo, which say nothing while they run a task.':
    '{late}：它们使用 solo 池，运行任务时不会发出消息。',
  'not every worker has said yet what it consumes': '并非每个 worker 都已说明它消费什么',
  'the broker counts {count} consumer of {queue}, none of them heard of here':
    'broker 统计 {queue} 有 {count} 个消费者，这里都没有见过',
  'the broker counts {count} consumers of {queue}, none of them heard of here':
    'broker 统计 {queue} 有 {count} 个消费者，这里都没有见过',
  'no worker consumes {queue}: {who} paused it': '没有 worker 消费 {queue}：{who} 暂停了它',
  '{queue} was paused by {who} {age} ago: it starts once the queue is resumed.':
    '{queue} 在 {age}前被 {who} 暂停：队列恢复后它就会开始。',
  'no worker consumes {queue}': '没有 worker 消费 {queue}',
  'No worker consumes {queue}: it will not start.': '没有 worker 消费 {queue}：它不会开始。',
  '{worker}, which consumed it, is gone.': '曾消费它的 {worker} 已不在。',
  '{worker}, which consumed it, are gone.': '曾消费它的 {worker} 已不在。',
  '{queue} moves, or its workers have no room': '{queue} 在推进，或它的 worker 没有余量',
  'nothing was taken from {queue} for {age}, though its workers have room':
    '已有 {age} 没有从 {queue} 取走消息，尽管它的 worker 有余量',
  '{worker} consumes {queue}, has free slots and took nothing from it for {age}.':
    '{worker} 消费 {queue}，有空闲槽位，却已有 {age} 没有从中取走消息。',
  '{worker} consume {queue}, have free slots and took nothing from it for {age}.':
    '{worker} 消费 {queue}，有空闲槽位，却已有 {age} 没有从中取走消息。',
  '{worker} {count} of {count2}': '{worker} {count} / {count2}',
  '{worker} {count} of {count2}, {by}': '{worker} {count} / {count2}，{by}',
  'its workers hold as many messages as they may: {held}': '它的 worker 持有的消息已达上限：{held}',
  'In {queue}, {before}; its workers hold as many messages as they may: {held}.':
    '在 {queue} 中{before}；它的 worker 持有的消息已达上限：{held}。',
  'place {n} in {queue}': '在 {queue} 中排第 {n} 位',
  'place {n} of {count} in {queue}': '在 {queue} 中排第 {n} 位，共 {count} 条',
  '{n} message goes before it in {queue}.': '在 {queue} 中前面有 {n} 条消息。',
  '{n} messages go before it in {queue}.': '在 {queue} 中前面有 {n} 条消息。',
  '{n} message goes before it in {queue}; {slots}.': '在 {queue} 中前面有 {n} 条消息；{slots}。',
  '{n} messages go before it in {queue}; {slots}.': '在 {queue} 中前面有 {n} 条消息；{slots}。',
  '{n} message goes before it in {queue}, which goes to one of its {count} workers at a time.':
    '在 {queue} 中前面有 {n} 条消息；该队列同一时间只投递给 {count} 个 worker 中的一个。',
  '{n} messages go before it in {queue}, which goes to one of its {count} workers at a time.':
    '在 {queue} 中前面有 {n} 条消息；该队列同一时间只投递给 {count} 个 worker 中的一个。',
  'About {n}': '约 {n}',
  'At least {n}': '至少 {n}',
  'next in {queue}': '在 {queue} 中排第一位',
  'next in {queue}; {slots}': '在 {queue} 中排第一位；{slots}',
  'Waits for a free slot: it is next in {queue}, and {slots}.': '等待空闲槽位：它在 {queue} 中排第一位，{slots}。',
  'It is next in {queue}: a worker takes it at any moment.': '它在 {queue} 中排第一位：随时会被 worker 取走。',
  'It is next in {queue}, which goes to one of its {count} workers at a time: that one takes it when it has room.':
    '它在 {queue} 中排第一位；该队列同一时间只投递给 {count} 个 worker 中的一个：它有余量时就会取走。',
  'It is next in {queue}; who consumes it is not known.': '它在 {queue} 中排第一位；不知道谁消费该队列。',
  'Why it waits is unknown.': '它为何等待未知。',
  'Why it waits is unknown: {why}.': '它为何等待未知：{why}。',

  // What fills a worker's prefetch window: prefetch.ts.
  '{count} of {count2} taken.': '已取走 {count} / {count2}。',
  '{count} of {count2} taken, {parts}.': '已取走 {count} / {count2}，{parts}。',
  '{count} taken, no limit.': '已取走 {count}，无限制。',
  '{count} taken, no limit, {parts}.': '已取走 {count}，无限制，{parts}。',
  '{count} taken, of how many is unknown.': '已取走 {count}，上限未知。',
  '{count} taken, of how many is unknown, {parts}.': '已取走 {count}，上限未知，{parts}。',
  'How many a rate limit holds is unknown.': '有多少受速率限制未知。',
  running: '运行中',
  'waiting for a slot': '等待槽位',
  'waiting for its ETA': '等待 ETA',
  'waiting for their ETA': '等待 ETA',
  'held by a rate limit': '受速率限制',
  'all running': '全部运行中',
  'all waiting for a slot': '全部等待槽位',
  'all waiting for their ETA': '全部等待 ETA',
  'all held by a rate limit': '全部受速率限制',
  '{count} running': '{count} 个运行中',
  '{count} waiting for a slot': '{count} 个等待槽位',
  '{count} waiting for its ETA': '{count} 个等待 ETA',
  '{count} waiting for their ETA': '{count} 个等待 ETA',
  '{count} held by a rate limit': '{count} 个受速率限制',
};
