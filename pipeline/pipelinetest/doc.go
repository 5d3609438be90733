// Package pipelinetest tests what works with package pipeline, and has the fakes
// for it.
//
// Call [TestLedger] from a test of a ledger of your own. To test an executor or
// a reporter, give a pipeline.Runner a [Memory] as its ledger, and to test a
// plan, an [Executor] that notes what it was asked to do. A [Clock] stands still
// until the test moves it. [Prefix] takes a run back to any point, to see that it
// goes on from there as it should.
package pipelinetest
