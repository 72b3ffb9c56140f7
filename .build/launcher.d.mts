// The type of launcher.mjs, for the tests.
export function whenLauncherIsGone(gone: () => void): void;
