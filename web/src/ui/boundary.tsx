// What fails while it is drawn fails alone: a row, a card, a panel or a page says so in its place, and everything round it stays.
// Pages are held by the router (router.tsx), rows of a table by data-table.tsx; cards and panels put a <Boundary> round themselves.

import { Component, type ReactNode } from 'react';
import { t } from '../language/text.ts';
import { ErrorNote } from './feedback.tsx';

interface BoundaryProps {
  /** What could not be shown, as the subject of a sentence: 'This card', 'Queue mail'. */
  what: string;
  /** Another value is another try: the key of the row, the id in the panel. */
  of?: unknown;
  /** Instead of the note with its button. */
  instead?: (error: unknown) => ReactNode;
  children: ReactNode;
}

export class Boundary extends Component<BoundaryProps, { error: unknown; failed: boolean }> {
  override state = { error: null as unknown, failed: false };

  static getDerivedStateFromError(error: unknown) {
    return { error, failed: true };
  }

  override componentDidUpdate(before: BoundaryProps): void {
    if (this.state.failed && before.of !== this.props.of) this.reset();
  }

  reset = (): void => this.setState({ error: null, failed: false });

  override render(): ReactNode {
    const { what, instead, children } = this.props;
    if (!this.state.failed) return children;
    if (instead) return instead(this.state.error);
    return <ErrorNote what={t('{what} could not be shown', { what })} error={this.state.error} onRetry={this.reset} />;
  }
}
