/** A panel that can't be drawn fails alone, in words, like one whose query failed. A new result is tried anew. */
import { Component, type ReactNode } from 'react';
import { explain } from '../api/client.ts';
import { Failed } from './panel-body.tsx';

interface Props {
  /** What is drawn: another one clears the failure. */
  readonly of: unknown;
  readonly children: ReactNode;
}

interface State {
  readonly error: unknown;
  readonly of: unknown;
}

export class PanelBoundary extends Component<Props, State> {
  override state: State = { error: null, of: this.props.of };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.of === state.of ? null : { error: null, of: props.of };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const { message } = explain(error);
    return (
      <Failed
        error={{ code: 'panel-not-drawn', message: `The answer came, but could not be drawn: ${message}` }}
        onRetry={() => this.setState({ error: null })}
      />
    );
  }
}
