// How the sources answer, who is refused and why, in Chinese: server/dashboard/cluster and access. How they are read: sentences.ts.
export const sourceSentences: Readonly<Record<string, string>> = {
  // How sources are known: knowledge.ts, link.ts, management-api.ts.
  'Not listening yet': '尚未开始监听',
  'Not listening: the broker is away': '没有在监听：broker 不可用',
  'Not reached yet': '尚未连上',
  'The broker is away: no worker can be asked': 'broker 不可用：无法询问任何 worker',
  'The broker is away: nothing reaches this worker': 'broker 不可用：无法联系此 worker',
  'Workers are being asked': '正在询问 worker',
  'There is no worker to ask': '没有可询问的 worker',
  'No worker answers': '没有 worker 应答',
  'No result store that can be read: {why}': '没有可读取的结果后端：{why}',
  'No result store is configured: results cannot be shown': '没有配置结果后端：无法显示结果',
  'Not asked yet': '尚未询问',
  '{count} tasks wait to be written': '{count} 个任务等待写入',
  'It has not answered for {count} s': '它已有 {count} 秒没有响应',
  'It has not answered within {count} s': '它在 {count} 秒内没有响应',
  'The broker has not answered within {count} s.': 'broker 在 {count} 秒内没有响应。',
  'It takes no messages for now ({why})': '它暂时不接收消息（{why}）',
  'It has stopped': '它已停止',
  'Cannot reach the broker at {host} ({why})': '无法连接 {host} 的 broker（{why}）',
  'Cannot reach the broker at {host}': '无法连接 {host} 的 broker',
  'Cannot reach the result store {host} ({why})': '无法连接结果后端 {host}（{why}）',
  'No answer from the broker at {host} within {count} s': '{host} 的 broker 在 {count} 秒内没有应答',
  'no answer within {count} s': '{count} 秒内没有应答',
  'Is it running, and may this host connect?': '它在运行吗？本机可以连接它吗？',
  'It was never heard': '从未收到过它的消息',
  'It has not been heard for {age}': '已有 {age} 没有收到它的消息',
  'It refuses the user or the password of broker_api (401), or the user lacks the tag management':
    '它拒绝 broker_api 的用户或密码（401），或者该用户没有 management 标签',
  'It knows no virtual host {name} (404)': '它没有虚拟主机 {name}（404）',
  'It answers with {count}': '它以 {count} 应答',
  'Its answer is longer than {count} MB': '它的应答超过 {count} MB',
  "What answers there is not RabbitMQ's management API": '那里应答的不是 RabbitMQ 的管理 API',
  'Unknown: this worker accepts more than JSON, and Celery may stop taking messages when it is asked to list arguments that are not JSON.':
    '未知：此 worker 接受 JSON 以外的内容，要求它列出非 JSON 参数时，Celery 可能停止取消息。',
  'What it runs, and what its events say, is known.': '它正在运行什么、它的事件说了什么，都是已知的。',
  'rpc:// sends results to who sent the task, and nobody else can read them':
    'rpc:// 把结果发给任务的发送者，其他人无法读取',
  'There is nothing to read: {why}.': '没有可读取的内容：{why}。',
  "this broker cannot pick single messages out of '{queue}'; move all of them":
    '此 broker 不能从 {queue} 中挑出单条消息；请全部移动',
  "no queue '{queue}'": '没有队列 {queue}',
  'This broker shows messages without taking them, or not at all.':
    '此 broker 要么不取走就能显示消息，要么根本无法显示。',
  'A pickle of {count} bytes is not opened here: at most {count2} are':
    '这里不打开 {count} 字节的 pickle：最多 {count2} 字节',

  // What a retry cannot know: operations/known-call.ts, judge.ts.
  'Its {what} hold {doubt}.': '它的{what}含有{doubt}。',
  "a text that ends in '...', which a text cut by the sender also does":
    '以“...”结尾的文本，被发送方截断的文本也是如此',
  'bytes, of which a repr shows only the readable ones': '字节串，其 repr 只显示可读的部分',
  'a set, which JSON cannot carry: it was sent by another serializer': 'set，JSON 无法承载：它由其他序列化器发送',
  'a dict whose keys are no text': '键不是文本的 dict',
  'a {type}, which Celery before 5.3 sends as text and later ones do not: which one is unknown':
    '{type}，Celery 5.3 之前按文本发送，之后则不是：不知道是哪一种',
  'a tuple, which JSON makes a list and the other serializers of its worker do not: which one was used is unknown':
    'tuple，JSON 会变成列表，而它的 worker 的其他序列化器不会：不知道用了哪一种',
  'It has not finished. {why}': '它还没有结束。{why}',

  // What a page asked for and is refused: validation.ts, recorded.ts, problem.ts.
  'Bad schedule': '调度有误',
  'Bad sign-in': '登录请求有误',
  'Bad question': '请求有误',
  'Address too long': '地址过长',
  'Unsupported media type': '不支持的媒体类型',
  'Address and headers too long': '地址和请求头过长',
  'There is no {method} {path}.': '没有 {method} {path}。',
  "'{field}' is required.": "缺少 '{field}'。",
  "'{field}' is given more than once.": "'{field}' 给出了多次。",
  "There is no parameter '{field}'.": "没有参数 '{field}'。",
  'It takes none.': '不接受任何参数。',
  'It takes: {list}.': '可用的有：{list}。',
  'A {what} has no {field}. It takes {list}.': '{what} 没有 {field}。可用的有 {list}。',
  'An {what} has no {field}. It takes {list}.': '{what} 没有 {field}。可用的有 {list}。',
  "'{field}' has {count} characters; at most {count2} are taken.": "'{field}' 有 {count} 个字符；最多 {count2} 个。",
  "'{field}' must be one of {list}, not {given}.": "'{field}' 必须是 {list} 之一，而不是 {given}。",
  "'{field}' must be true or false, not {given}.": "'{field}' 必须是 true 或 false，而不是 {given}。",
  "'{field}' must be a whole number, not {given}.": "'{field}' 必须是整数，而不是 {given}。",
  "'{field}' must be a number, not {given}.": "'{field}' 必须是数字，而不是 {given}。",
  "'{field}' must be at least {count}.": "'{field}' 至少为 {count}。",
  "'{field}' must be at most {count}.": "'{field}' 至多为 {count}。",
  "'queue' is required: depth is that of one queue.": "缺少 'queue'：深度是某一个队列的深度。",

  // By a proxy or from another site: origin.ts, gate.ts.
  'The request comes from another site (Sec-Fetch-Site: {site}).': '请求来自其他站点（Sec-Fetch-Site: {site}）。',
  'The request comes from another site (Sec-Fetch-Site: {site}): only links to pages may.':
    '请求来自其他站点（Sec-Fetch-Site: {site}）：只允许指向页面的链接。',
  "The request's Origin {origin} is not this server (Host: {host}).":
    '请求的 Origin {origin} 不是此服务器（Host: {host}）。',
  'Behind a proxy that changes Host, name the address of the pages in trusted_origins (--trusted-origins {origin}).':
    '若代理会改写 Host，请把页面的地址写入 trusted_origins（--trusted-origins {origin}）。',
  'Without authentication this dashboard answers only as localhost, not as {host}.':
    '未配置身份验证时，此仪表盘只以 localhost 应答，不以 {host} 应答。',
  'Configure basic_auth, or name the host in allowed_hosts.': '请配置 basic_auth，或把该主机写入 allowed_hosts。',
  'Without authentication this dashboard answers only to its own machine.':
    '未配置身份验证时，此仪表盘只应答本机的请求。',
  'Configure basic_auth, or, where the server it is part of authenticates, set trust_server.':
    '请配置 basic_auth；若它所在的服务器已做身份验证，请设置 trust_server。',
  'The request comes with a session and does not say from which page (Origin).':
    '请求带有会话，却没有说明来自哪个页面（Origin）。',
  'A program logs in with each request instead.': '程序应在每次请求时登录。',
  "Flower's paths tell of every task and queue; you may see certain ones.":
    'Flower 的路径会给出所有任务和队列；你只能查看其中一部分。',
  'What changes something is sent as application/json.': '会做出更改的请求须以 application/json 发送。',
  'The token {name} is {state}.': '令牌 {name} 的状态：{state}。',
  'The token {name} has lapsed: {owner} has to sign in again, then it is good again.':
    '令牌 {name} 已失效：{owner} 需要重新登录，之后它会再次有效。',
  'The token {name} is of {who}, who has no access any more.': '令牌 {name} 属于 {who}，此人已无访问权限。',
  revoked: '已撤销',
  expired: '已过期',
  "{action} reaches more than the tasks and queues that {who} may act on. A rule has to name it in 'actions'.":
    "{action} 涉及的范围超出 {who} 可操作的任务和队列。须有规则在 'actions' 中写明它。",
  "{action} reaches more than the tasks and queues that {who} may act on (rule {rule}). A rule has to name it in 'actions'.":
    "{action} 涉及的范围超出 {who} 可操作的任务和队列（规则 {rule}）。须有规则在 'actions' 中写明它。",
  'one whose name is not known': '名称未知的任务',

  // Sign-ins that came to nothing, on the Audit page: providers/.
  'It was begun in another browser, or too long ago': '它是在另一个浏览器中开始的，或已过去太久',
  '{count} others are signing in just now': '此刻另有 {count} 人正在登录',
  'No e-mail address of theirs is verified': '此人没有已验证的邮箱地址',
  '{who} is none of auth': '{who} 不在 auth 之列',
  'The e-mail address of {who} is not confirmed': '{who} 的邮箱地址未确认',
  'The e-mail address of {who} is not verified (email_verified)': '{who} 的邮箱地址未验证（email_verified）',
  '{who} is in none of gitlab_auth_allowed_groups': '{who} 不在 gitlab_auth_allowed_groups 的任何组中',
  'The claim {name} is not there: look at oidc_scope and oidc_user_claim':
    '缺少声明 {name}：请检查 oidc_scope 和 oidc_user_claim',
  'The name it gives is too long, or no text': '它给出的名称过长，或不是文本',
  '{host} does not take the token it gave': '{host} 不接受它自己给出的令牌',
  'What {host} gave has expired by the clock of this server: is one of the two clocks wrong?':
    '按此服务器的时钟，{host} 给出的内容已过期：是否有一方时钟不准？',
  '{host} did not answer in time': '{host} 没有及时响应',
  '{host} answers {count}': '{host} 应答 {count}',
  '{host} answers something else': '{host} 的应答不是预期的内容',
  '{host} cannot be reached ({why})': '无法连接 {host}（{why}）',
  '{host} answers what cannot be believed: {why}': '{host} 的应答不可信：{why}',
  '{host} says {word}': '{host} 返回 {word}',
  '{host} says an error of its own': '{host} 返回了自有的错误',
  '{host} gives no access any more ({why})': '{host} 不再给予访问权限（{why}）',
  '{host} does not take the code ({why}): it has expired, or was used before':
    '{host} 不接受该代码（{why}）：它已过期，或已被使用',
  '{host} refuses this dashboard ({why}): look at oauth2_key, oauth2_secret and oauth2_redirect_uri':
    '{host} 拒绝此仪表盘（{why}）：请检查 oauth2_key、oauth2_secret 和 oauth2_redirect_uri',
  'no connection': '没有连接',

  // Entries of a schedule that cannot be written: schedules/check.ts, crontab.ts, zone.ts.
  'Sent {task}': '已发送 {task}',
  "The entry '{name}' cannot be written: {why}": '无法写入条目 {name}：{why}',
  'An entry has a name of 1 to {count} characters, not {name}.': '条目名称为 1 至 {count} 个字符，而不是 {name}。',
  "There is an entry '{name}' already: give the new one another name.": '已有条目 {name}：请为新条目换一个名称。',
  "There is no entry '{name}': it may have been removed meanwhile.": '没有条目 {name}：它可能已被移除。',
  "The entry '{name}' comes from the beat_schedule of an app: change it there.":
    '条目 {name} 来自应用的 beat_schedule：请在那里更改。',
  'Here it can be paused and resumed.': '在此可以暂停和恢复它。',
  "The entry '{name}' is being changed by others all the time: try again.": '条目 {name} 一直在被他人更改：请重试。',
  'its task is a name of 1 to {count} characters.': '任务名称为 1 至 {count} 个字符。',
  'its arguments and options are JSON.': '参数和选项须为 JSON。',
  'an object of an app can be a schedule in its beat_schedule only.':
    '应用中的对象只能在它的 beat_schedule 中作为调度。',
  'an interval of 0 s would never end.': '间隔为 0 秒永远不会结束。',
  'an interval of {count} s ends beyond the year 9999. It is given in seconds.':
    '间隔 {count} 秒会超出 9999 年。间隔以秒为单位。',
  'its instant is in milliseconds since 1970, before the year 9999.': '时刻为 1970 年以来的毫秒数，早于 9999 年。',
  "crontab {field} '{text}': {why}": 'crontab 的 {field} “{text}”：{why}',
  "crontab '{text}' never runs: none of its months has a day {count}.":
    'crontab “{text}” 永远不会运行：所选月份都没有 {count} 日。',
  'empty part': '有空的部分',
  'negative numbers not supported': '不支持负数',
  "Invalid weekday literal '{text}'.": '无法识别“{text}”。',
  'A step needs * or a range before it: {what}.': '步长前须有 * 或范围：{what}。',
  'Invalid end range: {count} > {count2}.': '超出范围：{count} > {count2}。',
  'Invalid beginning range: {count} < {count2}.': '超出范围：{count} < {count2}。',
  'Sunday is 0.': '星期日为 0。',
  'empty filter': '步长为空',
  "a step is a number, not '{text}'": '步长须为数字，而不是“{text}”',
  'slice step cannot be zero': '步长不能为零',
  'There is no time zone "{text}". Give an IANA name such as Europe/Prague, or UTC.':
    '没有时区“{text}”。请填写 IANA 名称，例如 Asia/Shanghai，或 UTC。',
};
