// The Chinese catalogue (Simplified): texts by their English, one file a folder of web/src. Loaded only when it is chosen.
// How a text gets in: ../language.ts.
//
// Terms, as the Chinese documentation of Celery and its users have them:
//   task 任务            worker worker (kept, 'Worker' at the head of a text)   broker broker (kept)      queue 队列
//   message 消息         result 结果           result backend 结果后端           exchange 交换机           routing key 路由键
//   retry 重试           revoke 撤销           terminate 终止                    reject 拒绝               rate limit 速率限制
//   ack 确认             unacked 未确认        redelivered 重新投递              requeue 重新入队          prefetch 预取
//   reserved 已预留      scheduled 已计划 (ETA)   active 执行中                   pool 执行池               slot 槽位
//   concurrency 并发数   throughput 吞吐量     runtime 运行时长                  backlog 积压              waiting 等待
//   heartbeat 心跳       event 事件            workflow 工作流                   chain/group/chord (kept)  signature 签名
//   argument 参数        traceback 回溯 (traceback)   time limit 时间限制          countdown 倒计时          expires 过期时间
//   need 需要处理的事项   overview 概览         audit 审计                        token 令牌                session 会话
//   dashboard 仪表盘     consumer 消费者       purge 清空                        drain 排空                shut down 关闭
// Kept in English: names of states (SUCCESS, FAILURE), settings, flags and commands, names of tasks, workers and queues, a worker's own
// words (exceptions, tracebacks, arguments, results), the query language of the task list.
// Style: 你, not 您; full-width punctuation; a space between Chinese and Latin letters or digits.
import { access } from './access.ts';
import { alerts } from './alerts.ts';
import { audit } from './audit.ts';
import { broker } from './broker.ts';
import { charts } from './charts.ts';
import { clusters } from './clusters.ts';
import { operations } from './operations.ts';
import { overview } from './overview.ts';
import { pages } from './pages.ts';
import { queues } from './queues.ts';
import { schedules } from './schedules.ts';
import { sentencesOf } from './sentences.ts';
import { server } from './server.ts';
import { alertSentences } from './server-alerts.ts';
import { operationSentences } from './server-operations.ts';
import { querySentences } from './server-query.ts';
import { problems } from './server-routes.ts';
import { sourceSentences } from './server-sources.ts';
import { viewSentences } from './server-views.ts';
import { waiting } from './server-waiting.ts';
import { shell } from './shell.ts';
import { signIn } from './sign-in.ts';
import { tasks } from './tasks.ts';
import { ui } from './ui.ts';
import { workers } from './workers.ts';
import { workflows } from './workflows.ts';

export { crontab } from './crontab.ts';
export { count, figures } from './figures.ts';

export const texts: Readonly<Record<string, string>> = {
  ...ui,
  ...shell,
  ...signIn,
  ...workers,
  ...queues,
  ...broker,
  ...clusters,
  ...workflows,
  ...audit,
  ...access,
  ...alerts,
  ...charts,
  ...operations,
  ...tasks,
  ...overview,
  ...pages,
  ...schedules,
};

export const translate = sentencesOf({
  ...waiting,
  ...operationSentences,
  ...viewSentences,
  ...alertSentences,
  ...problems,
  ...sourceSentences,
  ...querySentences,
  ...server,
});
