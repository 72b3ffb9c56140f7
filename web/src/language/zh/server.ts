// Sentences of the server's that pages show, in Chinese: `{place}` stands for what the server set in. How they are found: sentences.ts.
// By what they are about: server-*.ts. What is not here is shown in the server's English.
export const server: Readonly<Record<string, string>> = {
  'The dashboard server cannot be reached': '无法连接仪表盘服务器',
  'Is it still running?': '它还在运行吗？',
};
