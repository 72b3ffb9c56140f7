// Chinese for cronstrue: what it exports is of no use, it adds itself to cronstrue's locales; the package types it nowhere.
declare module 'cronstrue/locales/zh_CN.js';
