// Package pipeline carries out plans: graphs of jobs, each a list of steps.
//
// It knows no domain. A [Plan] is data; an [Executor] gives the actions of its
// steps their meaning; a [Ledger] keeps what happened; a [Runner] ties them
// together. Begin with [Runner.Start], and with [Runner.Resume] after a crash:
//
//	runner := &pipeline.Runner{Ledger: ledger, Executor: executor}
//	state, err := runner.Start(ctx, "run-1", plan)
//
// The rules:
//
//   - A run is a log of entries, and its [State] is a fold over them: [Apply]
//     and [Next] are pure. Every transition is in the ledger before it is acted
//     on, so a run that was killed at any point is folded and goes on.
//   - A job starts the moment that all it needs has succeeded, within the
//     limits. A job that fails stops only what needs it.
//   - One run at a time per [Plan.Key]. Others wait in the order in which they
//     came. A run whose runner is lost is finished first, by whoever waits.
//   - Records are never lost or doubled. Effects may happen more than once, and
//     an [Executor] makes them converge.
package pipeline
