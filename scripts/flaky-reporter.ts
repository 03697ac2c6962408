import type { Reporter, TestModule } from 'vitest/node';

/** Names each test that passed at its second try, with what the first one said: it is a finding, and counts as passed. */
export default class FlakyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state !== 'passed' || test.diagnostic()?.flaky !== true) continue;
        const [first] = result.errors ?? [];
        const said = first === undefined ? 'it said nothing' : (first.stack ?? first.message);
        process.stdout.write(
          `\nFLAKY ${module.relativeModuleId} > ${test.fullName}: passed at its second try; the first one:\n${said}\n`,
        );
      }
    }
  }
}
